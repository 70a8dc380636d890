variable "name" {
  description = "Prefix of the topic's name, followed by `-alerts`."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,31}$", var.name))
    error_message = "name must be 2 to 32 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "emails" {
  description = "E-mail addresses to notify of alarms. Pagers subscribe to the topic themselves."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for email in var.emails : can(regex("^[^@ ]+@[^@ ]+$", email))])
    error_message = "emails must be e-mail addresses."
  }
}

variable "key_arn" {
  description = "ARN of the KMS key that encrypts notifications; its policy must let cloudwatch.amazonaws.com use it. Null for none."
  type        = string
  default     = null
}
