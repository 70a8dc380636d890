variable "name" {
  description = "Prefix of the queues' names, followed by `-avatars` and `-avatars-dead-letters`."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,31}$", var.name))
    error_message = "name must be 2 to 32 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "bucket_arn" {
  description = "ARN of the only bucket that may send to the queue."
  type        = string

  validation {
    condition     = can(regex("^arn:[^:]+:s3:::", var.bucket_arn))
    error_message = "bucket_arn must be the ARN of a bucket."
  }
}

variable "visibility_timeout_s" {
  description = "Visibility timeout of a message, in seconds: six times the timeout of a function that processes it. A worker in a container sets its own."
  type        = number
  default     = 180

  validation {
    condition     = var.visibility_timeout_s >= 60 && var.visibility_timeout_s <= 43200
    error_message = "visibility_timeout_s must be 60 to 43200."
  }
}

variable "max_age_s" {
  description = "Seconds that an avatar may wait for its renditions before an alarm."
  type        = number
  default     = 600

  validation {
    condition     = var.max_age_s >= 60
    error_message = "max_age_s must be at least 60."
  }
}

variable "alarm_topic_arns" {
  description = "SNS topics to notify when an alarm fires and when it ends."
  type        = list(string)
  default     = []
}
