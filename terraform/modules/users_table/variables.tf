variable "name" {
  description = "Beginning of the table's name; `-users` follows."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,31}$", var.name))
    error_message = "name must be 2 to 32 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "environment" {
  description = "Whose data the table holds: what `ROSTER_ENVIRONMENT` says where Roster runs."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,30}$", var.environment))
    error_message = "environment must be 1 to 31 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "generation" {
  description = "Number of the table, where it is not the first: one that was restored stands beside the one that was lost."
  type        = number
  default     = null

  validation {
    condition     = var.generation == null || try(var.generation >= 2, false)
    error_message = "generation must be 2 or more, or null for the first."
  }
}

variable "key_arn" {
  description = "ARN of the KMS key that encrypts the table; null for one of AWS's."
  type        = string
  default     = null

  validation {
    condition     = var.key_arn == null || can(regex("^arn:[^:]+:kms:", var.key_arn))
    error_message = "key_arn must be the ARN of a KMS key."
  }
}

variable "point_in_time_recovery" {
  description = "Whether the table can be restored as it was at any second of the last 35 days."
  type        = bool
  default     = true
}

variable "deletion_protection" {
  description = "Whether deleting the table is refused, by Terraform and by everyone else."
  type        = bool
  default     = true
}
