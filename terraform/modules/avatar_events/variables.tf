variable "name" {
  description = "Beginning of the queues' names; `-avatars` and `-avatars-dead-letters` follow."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,31}$", var.name))
    error_message = "name must be 2 to 32 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "bucket_arn" {
  description = "ARN of the one bucket that may send to the queue."
  type        = string

  validation {
    condition     = can(regex("^arn:[^:]+:s3:::", var.bucket_arn))
    error_message = "bucket_arn must be the ARN of a bucket."
  }
}

variable "visibility_timeout_s" {
  description = "Seconds for which a message is hidden from others once it was handed out: six times the time-out of a function that works it. A worker of a container says its own."
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
    error_message = "max_age_s must be 60 or more."
  }
}

variable "alarm_topic_arns" {
  description = "SNS topics that are told of alarms and of their end."
  type        = list(string)
  default     = []
}
