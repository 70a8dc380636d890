variable "name" {
  description = "Prefix of the bucket's name, followed by a hyphen and the account."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,47}$", var.name))
    error_message = "name must be 2 to 48 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "key_arn" {
  description = "ARN of the KMS key that encrypts the states; null for S3's own."
  type        = string
  default     = null
}

variable "force_destroy" {
  description = "Whether destroying the bucket also destroys the states in it."
  type        = bool
  default     = false
}
