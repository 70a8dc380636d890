# Of this stack: environments/ENVIRONMENT/platform.tfvars.

variable "ephemeral" {
  description = "Whether destroying the stack also destroys the images in the registry."
  type        = bool
  default     = false
}

variable "cidr" {
  description = "Addresses of the VPC."
  type        = string
}

variable "zones" {
  description = "Two or three availability zones of the region."
  type        = list(string)

  validation {
    condition     = alltrue([for zone in var.zones : startswith(zone, var.region)])
    error_message = "zones must be of the region that common.tfvars names."
  }
}

variable "nat" {
  description = "`per_zone`, or `one` NAT gateway for all."
  type        = string
  default     = "per_zone"

  validation {
    condition     = var.nat == "per_zone" || var.environment != "prod"
    error_message = "nat must be per_zone in prod: one zone that is lost must not take the others' way out."
  }
}

variable "interface_endpoints" {
  description = "Services that are reached without NAT."
  type        = set(string)
  default     = []
}

variable "flow_log_days" {
  description = "Days for which flow logs are kept; null for none."
  type        = number
  default     = 30
}

variable "kubernetes_version" {
  description = "Minor version of Kubernetes."
  type        = string
}

variable "addons" {
  description = "Add-ons of EKS and their versions."
  type        = map(string)
}

variable "nodes" {
  description = "The nodes, as the module `cluster` says."
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
  description = "Networks from which the Kubernetes API is reached over the internet; empty for the VPC alone."
  type        = list(string)
  default     = []
}

variable "access" {
  description = "Roles of IAM with all rights, with those of a developer, and with reading alone."
  type = object({
    full      = optional(list(string), [])
    developer = optional(list(string), [])
    read_only = optional(list(string), [])
  })
  default = {}
}

variable "network_policy_mode" {
  description = "`standard`, or `strict` where every pod of the cluster has a NetworkPolicy; see the module `cluster`."
  type        = string
  default     = "standard"
}

variable "hosted_zone_arns" {
  description = "Hosted zones in which external DNS and cert-manager may write."
  type        = list(string)
  default     = []
}
