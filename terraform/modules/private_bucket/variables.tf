variable "bucket" {
  description = "Name of the bucket. Names are global in AWS: include the account id to make it unique."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "bucket must be 3 to 63 lower-case letters, digits and hyphens."
  }
}

variable "policy" {
  description = "Further statements of its policy, which always requires TLS: a policy document, JSON; null for none."
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
  description = "Days for which replaced or deleted objects can be restored; null for ever, without a lifecycle rule."
  type        = number
  default     = 30

  validation {
    condition     = var.noncurrent_days == null || try(var.noncurrent_days >= 1, false)
    error_message = "noncurrent_days must be at least 1, or null."
  }
}

variable "force_destroy" {
  description = "Whether destroying the bucket also destroys its objects, with all versions."
  type        = bool
  default     = false
}
