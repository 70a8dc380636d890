# Variables of this stack, set in environments/ENVIRONMENT/platform.tfvars.

variable "ephemeral" {
  description = "Whether destroying the stack also destroys the images in the registry."
  type        = bool
  default     = false
}

variable "cidr" {
  description = "CIDR of the VPC."
  type        = string
}

variable "zones" {
  description = "Two or three availability zones of the region."
  type        = list(string)

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
  description = "The nodes, as in the module `cluster`."
  type = object({
    architecture   = optional(string, "arm64")
    instance_types = optional(list(string), ["m7g.large"])
    min_per_zone   = optional(number, 1)
    max_per_zone   = optional(number, 4)
    disk_gib       = optional(number, 50)
    spot           = optional(bool, false)
  })
  default = {}
}

variable "public_access_cidrs" {
  description = "Networks that may reach the Kubernetes API over the internet; empty for access only from the VPC."
  type        = list(string)
  default     = []
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
