variable "name" {
  description = "Name of the alias, such as `roster-prod`."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,31}$", var.name))
    error_message = "name must be 2 to 32 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "services" {
  description = "AWS services that use the key on this account's behalf, such as `cloudfront.amazonaws.com`."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for service in var.services : endswith(service, ".amazonaws.com")])
    error_message = "services must be service principals such as s3.amazonaws.com."
  }
}

variable "log_groups" {
  description = "Names of log groups that the key encrypts, for `logs_key_arn` of other modules; with asterisks, such as `/aws/lambda/roster-prod-*`."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for name in var.log_groups : startswith(name, "/") && !startswith(name, "/*")])
    error_message = "log_groups must be names such as /aws/lambda/roster-prod-*, but not all."
  }
}

variable "deletion_window_days" {
  description = "Waiting period in days before a deletion of the key, in which it can be cancelled."
  type        = number
  default     = 30

  validation {
    condition     = var.deletion_window_days >= 7 && var.deletion_window_days <= 30
    error_message = "deletion_window_days must be 7 to 30."
  }
}
