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

variable "versioned" {
  description = "Whether replaced or deleted objects are kept as versions. It cannot be set to false on an existing bucket."
  type        = bool
  default     = true

  validation {
    condition     = var.versioned || var.noncurrent_days == null
    error_message = "versioned must be true with noncurrent_days: an unversioned bucket has no old versions."
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

variable "expiration_days" {
  description = "Days after which every object of an unversioned bucket expires; null for never."
  type        = number
  default     = null

  validation {
    condition     = var.expiration_days == null || try(var.expiration_days >= 1, false)
    error_message = "expiration_days must be at least 1, or null."
  }

  validation {
    condition     = var.expiration_days == null || !var.versioned
    error_message = "expiration_days must be null on a versioned bucket: an expired object stays as an old version."
  }
}

variable "force_destroy" {
  description = "Whether destroying the bucket also destroys its objects, with all versions."
  type        = bool
  default     = false
}
