variable "name" {
  description = "Name of plan and selection, and prefix of the roles' names, followed by `-backup` and `-restore`."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,31}$", var.name))
    error_message = "name must be 2 to 32 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "vault_name" {
  description = "Name of the vault in this region."
  type        = string
}

variable "resource_arns" {
  description = "ARNs of the resources to back up. A bucket must be versioned."
  type        = list(string)

  validation {
    condition     = length(var.resource_arns) > 0 && alltrue([for arn in var.resource_arns : startswith(arn, "arn:")])
    error_message = "resource_arns must have at least one ARN."
  }
}

variable "rules" {
  description = "Schedule of backups (cron, UTC), days for which each is kept, and whether a bucket can be restored to any second of them (at most 35 days, by one rule only)."
  type        = map(object({ schedule = string, retention_days = number, continuous = optional(bool, false) }))
  default = {
    daily   = { schedule = "cron(0 3 * * ? *)", retention_days = 35, continuous = true }
    monthly = { schedule = "cron(0 4 1 * ? *)", retention_days = 365 }
  }

  validation {
    condition     = alltrue([for rule in var.rules : can(regex("^(cron|rate)\\(.*\\)$", rule.schedule))])
    error_message = "rules must have schedules such as cron(0 3 * * ? *)."
  }

  validation {
    condition     = alltrue([for rule in var.rules : !rule.continuous || rule.retention_days <= 35])
    error_message = "rules with continuous backups must have retention_days of at most 35."
  }

  validation {
    condition     = length([for rule in var.rules : rule if rule.continuous]) <= 1
    error_message = "rules must have at most one with continuous backups: AWS Backup keeps one per resource."
  }
}

variable "volume_tag" {
  description = "Tag of the EBS volumes to back up besides the resources, as the cluster's volume driver sets it; null for none."
  type        = object({ key = string, value = string })
  default     = null
}

variable "alarm_topic_arns" {
  description = "SNS topics to notify of a failed backup or copy."
  type        = list(string)
  default     = []
}

variable "copy_vault_arn" {
  description = "ARN of a vault in a second region that receives a copy of each backup, known before it is created; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.copy_vault_arn == null || can(regex("^arn:[^:]+:backup:", var.copy_vault_arn))
    error_message = "copy_vault_arn must be the ARN of a backup vault."
  }
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
