variable "name" {
  description = "Name of the vault."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,31}$", var.name))
    error_message = "name must be 2 to 32 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "min_retention_days" {
  description = "Minimum age in days at which a recovery point can be deleted; null for no lock."
  type        = number
  default     = 7

  validation {
    condition     = var.min_retention_days == null || try(var.min_retention_days >= 1, false)
    error_message = "min_retention_days must be at least 1, or null."
  }
}

variable "key_arn" {
  description = "ARN of the KMS key that encrypts the vault, in the vault's region; null for AWS Backup's own."
  type        = string
  default     = null
}

variable "force_destroy" {
  description = "Whether destroying the vault also destroys the recovery points in it."
  type        = bool
  default     = false
}
