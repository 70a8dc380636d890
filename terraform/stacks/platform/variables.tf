# Variables of this stack, set in environments/ENVIRONMENT/platform.tfvars.

variable "ephemeral" {
  description = "Whether destroying the stack also destroys the images in the registry."
  type        = bool
  default     = false
}

variable "existing_network" {
  description = "A VPC to use in place of a new one: its id, private subnets for nodes by zone, and CIDRs of the subnets of load balancers. Its owner tags the subnets for the load balancer controller (docs/terraform.md). Null for a new one."
  type = object({
    vpc_id              = string
    private_subnet_ids  = map(string)
    public_subnet_cidrs = list(string)
  })
  default = null

  validation {
    condition     = (var.existing_network == null) != (var.cidr == null)
    error_message = "existing_network and cidr exclude each other: set one of them."
  }

  validation {
    condition     = var.existing_network == null || (!var.own_account_endpoints && length(var.interface_endpoints) == 0 && var.flow_log_days == null)
    error_message = "existing_network must have endpoints and flow logs of its own: remove own_account_endpoints and interface_endpoints, and set flow_log_days to null."
  }
}

variable "cidr" {
  description = "CIDR of the new VPC."
  type        = string
  default     = null
}

variable "zones" {
  description = "Two or three availability zones of the region, for a new VPC."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for zone in var.zones : startswith(zone, var.region)])
    error_message = "zones must be in the region set in common.tfvars."
  }
}

variable "nat" {
  description = "NAT gateways: `per_zone`, or `one` for all."
  type        = string
  default     = "per_zone"

  validation {
    condition     = var.nat == "per_zone" || var.environment != "prod"
    error_message = "nat must be per_zone in prod, so that the loss of one zone does not cut off egress from the others."
  }
}

variable "interface_endpoints" {
  description = "Services to reach without NAT."
  type        = set(string)
  default     = []
}

variable "own_account_endpoints" {
  description = "Whether endpoints of the new VPC reach only resources of this account."
  type        = bool
  default     = false
}

variable "flow_log_days" {
  description = "Retention of flow logs, in days; null for none."
  type        = number
  default     = 30
}

variable "kubernetes_version" {
  description = "Minor version of Kubernetes."
  type        = string
}

variable "addons" {
  description = "EKS add-ons and their versions."
  type        = map(string)
}

variable "nodes" {
  description = "The nodes, as in the module `cluster`. Without `release_version` any apply may replace them by ones with a newer AMI: prod sets it."
  type = object({
    architecture    = optional(string, "arm64")
    instance_types  = optional(list(string), ["m7g.large"])
    min_per_zone    = optional(number, 1)
    max_per_zone    = optional(number, 4)
    disk_gib        = optional(number, 50)
    spot            = optional(bool, false)
    release_version = optional(string)
    session_manager = optional(bool, false)
  })
  default = {}
}

variable "public_access_cidrs" {
  description = "Networks that may reach the Kubernetes API over the internet; empty for access only from the VPC."
  type        = list(string)
  default     = []
}

variable "api_client_cidrs" {
  description = "Private networks that may reach the Kubernetes API in the VPC, such as that of a VPN."
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.api_client_cidrs) + length(var.public_access_cidrs) > 0 || var.nodes.session_manager
    error_message = "api_client_cidrs must not be empty without public_access_cidrs and nodes.session_manager: people could not reach the Kubernetes API (docs/kubernetes.md)."
  }
}

variable "access" {
  description = "IAM roles with full access, with those of a developer, and with read-only access."
  type = object({
    full      = optional(list(string), [])
    developer = optional(list(string), [])
    read_only = optional(list(string), [])
  })
  default = {}
}

variable "network_policy_mode" {
  description = "`standard`, or `strict` if every pod of the cluster has a NetworkPolicy; see the module `cluster`."
  type        = string
  default     = "standard"
}

variable "hosted_zone_arns" {
  description = "Hosted zones that external DNS and cert-manager may change."
  type        = list(string)
  default     = []
}
