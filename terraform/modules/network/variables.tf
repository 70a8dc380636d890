variable "name" {
  description = "Name of the VPC, and prefix of the names in it."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,31}$", var.name))
    error_message = "name must be 2 to 32 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "cidr" {
  description = "CIDR of the VPC. Each zone gets a quarter for nodes; the last quarter is for the other tiers. A load balancer needs a /27, which a /19 just leaves."
  type        = string
  default     = "10.0.0.0/16"

  validation {
    condition     = try(tonumber(split("/", var.cidr)[1]) >= 16 && tonumber(split("/", var.cidr)[1]) <= 19 && cidrhost(var.cidr, 0) == split("/", var.cidr)[0], false)
    error_message = "cidr must be a network of /16 to /19, such as 10.0.0.0/16."
  }
}

variable "zones" {
  description = "Two or three availability zones. Only append: the order determines addresses."
  type        = list(string)

  validation {
    condition     = length(var.zones) >= 2 && length(var.zones) <= 3 && length(distinct(var.zones)) == length(var.zones)
    error_message = "zones must be two or three different availability zones."
  }
}

variable "nat" {
  description = "`per_zone`: a NAT gateway per zone, so that losing a zone does not affect egress of the others; `one`: cheaper, but a single point of failure."
  type        = string
  default     = "per_zone"

  validation {
    condition     = contains(["per_zone", "one"], var.nat)
    error_message = "nat must be per_zone or one."
  }
}

variable "interface_endpoints" {
  description = "Services to reach without NAT, such as `sqs`, `sts`, `ecr.api`, `ecr.dkr`, `logs`."
  type        = set(string)
  default     = []
}

variable "own_account_endpoints" {
  description = "Whether the endpoints of S3, DynamoDB, SQS and CloudWatch Logs reach only resources of this account, and the public buckets from which nodes of EKS pull images of ECR and registry.k8s.io, and packages. Otherwise a compromised pod can write to a bucket of any account."
  type        = bool
  default     = false
}

variable "flow_log_days" {
  description = "Retention of flow logs, in days; null for no flow logs."
  type        = number
  default     = 30

  validation {
    condition     = var.flow_log_days == null || try(contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400], var.flow_log_days), false)
    error_message = "flow_log_days must be a value that CloudWatch supports: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365 or 400."
  }
}

variable "logs_key_arn" {
  description = "ARN of the KMS key that encrypts the flow logs; its policy must let CloudWatch Logs use it. Null for CloudWatch's own."
  type        = string
  default     = null
}

variable "permissions_boundary" {
  description = "ARN of the permissions boundary of each role created here; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary == null || can(regex("^arn:[^:]+:iam::([0-9]{12}|aws):policy/[^*]+$", var.permissions_boundary))
    error_message = "permissions_boundary must be the ARN of one IAM policy."
  }
}

variable "role_path" {
  description = "IAM path of each role created here. Set it before the first apply: IAM cannot change it, and a role of the same name blocks a new one."
  type        = string
  default     = "/"

  validation {
    condition     = can(regex("^/([a-zA-Z0-9+=,.@_-]+/)*$", var.role_path))
    error_message = "role_path must begin and end with a slash, such as / or /teams/roster/."
  }
}
