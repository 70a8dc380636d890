variable "name" {
  description = "Name of the repository."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]+([._/-][a-z0-9]+)*$", var.name))
    error_message = "name must be lower-case letters and digits, with single dots, hyphens, underscores or slashes between."
  }
}

variable "kept_images" {
  description = "Number of tagged images to keep: as many as a roll-back may need."
  type        = number
  default     = 50

  validation {
    condition     = var.kept_images >= 10
    error_message = "kept_images must be at least 10, so that a rollback finds its image."
  }
}

variable "key_arn" {
  description = "ARN of the KMS key that encrypts the images; null for AES256."
  type        = string
  default     = null
}

variable "force_delete" {
  description = "Whether destroying the repository also destroys its images."
  type        = bool
  default     = false
}
