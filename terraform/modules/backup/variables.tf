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
  description = "Schedule of backups (cron, UTC), and days for which each is kept."
  type        = map(object({ schedule = string, retention_days = number }))
  default = {
    daily   = { schedule = "cron(0 3 * * ? *)", retention_days = 35 }
    monthly = { schedule = "cron(0 4 1 * ? *)", retention_days = 365 }
  }

  validation {
    condition     = alltrue([for rule in var.rules : can(regex("^(cron|rate)\\(.*\\)$", rule.schedule))])
    error_message = "rules must have schedules such as cron(0 3 * * ? *)."
  }
}

variable "copy_vault_arn" {
  description = "ARN of a vault in a second region that receives a copy of each backup; null for none."
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
