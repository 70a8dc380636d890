variable "bucket" {
  description = "Name of the bucket. All of AWS shares such names: the account's number in it makes it one's own."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "bucket must be 3 to 63 lower-case letters, digits and hyphens."
  }
}

variable "policy" {
  description = "What its policy says beside that it takes TLS alone: a policy document, JSON; null for nothing."
  type        = string
  default     = null
}

variable "key_arn" {
  description = "ARN of the KMS key that encrypts the objects; null for S3's own."
  type        = string
  default     = null

  validation {
    condition     = var.key_arn == null || can(regex("^arn:[^:]+:kms:", var.key_arn))
    error_message = "key_arn must be the ARN of a KMS key."
  }
}

variable "noncurrent_days" {
  description = "Days for which what was replaced or deleted can be brought back; null for ever, with no lifecycle rule at all."
  type        = number
  default     = 30

  validation {
    condition     = var.noncurrent_days == null || try(var.noncurrent_days >= 1, false)
    error_message = "noncurrent_days must be 1 or more, or null."
  }
}

variable "force_destroy" {
  description = "Whether destroying the bucket also destroys what is in it, all versions."
  type        = bool
  default     = false
}
