variable "name" {
  description = "Prefix of the bucket's name, followed by `-uploads-` and the account."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,31}$", var.name))
    error_message = "name must be 2 to 32 lower-case letters, digits and hyphens, and begin with a letter."
  }
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

variable "expiration_days" {
  description = "Days after which every object expires; null for never. S3 counts whole days from the next midnight in UTC: with 1, an object is kept for one to two days (https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html)."
  type        = number
  default     = 1

  validation {
    condition     = var.expiration_days == null || try(var.expiration_days >= 1, false)
    error_message = "expiration_days must be at least 1, or null."
  }
}
