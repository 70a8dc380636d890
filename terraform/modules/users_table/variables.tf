variable "name" {
  description = "Prefix of the table's name, followed by `-users`."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,31}$", var.name))
    error_message = "name must be 2 to 32 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "environment" {
  description = "Environment whose data the table holds: `ROSTER_ENVIRONMENT` of Roster."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,30}$", var.environment))
    error_message = "environment must be 1 to 31 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "generation" {
  description = "Number of the table if it is not the first: a restored table exists beside the lost one."
  type        = number
  default     = null

  validation {
    condition     = var.generation == null || try(var.generation >= 2, false)
    error_message = "generation must be at least 2, or null for the first."
  }
}

variable "key_arn" {
  description = "ARN of the KMS key that encrypts the table; null for a key of AWS."
  type        = string
  default     = null

  validation {
    condition     = var.key_arn == null || can(regex("^arn:[^:]+:kms:", var.key_arn))
    error_message = "key_arn must be the ARN of a KMS key."
  }
}

variable "point_in_time_recovery" {
  description = "Whether the table can be restored to any second of the last 35 days."
  type        = bool
  default     = true
}

variable "deletion_protection" {
  description = "Whether the table is protected from deletion, by Terraform and by anyone else."
  type        = bool
  default     = true
}
