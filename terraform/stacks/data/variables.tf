# Variables of this stack, set in environments/ENVIRONMENT/data.tfvars.

variable "generation" {
  description = "Number of table and bucket if they were restored (docs/restore.md): 2 after the first restore; null for the originals."
  type        = number
  default     = null
}

variable "own_key" {
  description = "Whether a KMS key of this account encrypts table, buckets and backups; otherwise keys of AWS do."
  type        = bool
  default     = false
}

# Objects, old versions and recovery points stay encrypted with the key that they were written with.
variable "keep_key" {
  description = "Whether to keep the KMS key of this account after `own_key` was set to false: without it nothing that it encrypted can ever be read again. Null is false, except that without `own_key` every environment that is not `ephemeral` must say which."
  type        = bool
  default     = null

  validation {
    condition     = var.own_key || var.keep_key != null || var.ephemeral
    error_message = "keep_key must be set if own_key is false, unless the environment is ephemeral: to true if this environment ever had a key, else to false. Deleting the key would destroy all users, pictures and backups that it encrypts."
  }
}

variable "ephemeral" {
  description = "Whether destroying the stack also destroys users and pictures. Otherwise the table is protected from deletion."
  type        = bool
  default     = false

  validation {
    condition     = !(var.ephemeral && var.environment == "prod")
    error_message = "ephemeral must be false in prod, so that `terraform destroy` cannot delete users and pictures."
  }
}

variable "point_in_time_recovery" {
  description = "Whether the table can be restored to any second of the last 35 days."
  type        = bool
  default     = true

  validation {
    condition     = var.point_in_time_recovery || var.environment != "prod"
    error_message = "point_in_time_recovery must be true in prod, so that the table can be restored."
  }
}

variable "noncurrent_days" {
  description = "Days for which replaced or erased pictures can be restored; null for ever."
  type        = number
  default     = 30
}

variable "expire_uploads" {
  description = "Whether direct uploads are removed after a day, as S3 counts it: one to two days."
  type        = bool
  default     = true

  validation {
    condition     = var.expire_uploads || var.environment != "prod"
    error_message = "expire_uploads must be true in prod, so that unclaimed images are not kept."
  }
}

variable "cloudfront_reads" {
  description = "Whether CloudFront of this account may read the pictures: required if the stack `service` has a distribution."
  type        = bool
  default     = false
}

variable "backup" {
  description = "Backups of table and bucket: rules (schedule in UTC, days kept, whether the bucket can be restored to any second), minimum age in days for deletion (null: no lock), and a second region for copies; null for no backups."
  type = object({
    rules              = optional(map(object({ schedule = string, retention_days = number, continuous = optional(bool, false) })), { daily = { schedule = "cron(0 3 * * ? *)", retention_days = 35, continuous = true } })
    min_retention_days = optional(number, 7)
    copy_region        = optional(string)
  })
  default = null

  validation {
    condition     = try(var.backup.copy_region, null) == null || try(var.backup.copy_region, "") != var.region
    error_message = "backup.copy_region must differ from the region of the environment."
  }

  validation {
    condition     = var.environment != "prod" || length([for rule in try(var.backup.rules, {}) : rule if rule.continuous]) == 1
    error_message = "backup must have a rule with continuous backups in prod, so that the bucket can be restored to the second of the table."
  }
}

variable "alert_emails" {
  description = "E-mail addresses to notify of alarms."
  type        = list(string)
  default     = []
}

variable "encrypt_alerts" {
  description = "Whether a separate KMS key encrypts alarm notifications."
  type        = bool
  default     = true
}
