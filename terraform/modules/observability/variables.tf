variable "name" {
  description = "Name of the dashboard, and prefix of the alarms' names."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,31}$", var.name))
    error_message = "name must be 2 to 32 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "table_name" {
  description = "Name of the users table."
  type        = string
}

variable "index_names" {
  description = "Names of the table's indexes."
  type        = list(string)
  default     = []
}

variable "queue_name" {
  description = "Name of the queue of stored avatars."
  type        = string
}

variable "dead_letters_name" {
  description = "Name of the dead-letter queue."
  type        = string
}

variable "function_names" {
  description = "Names of the functions, by what they do; empty without functions."
  type        = map(string)
  default     = {}
}

variable "api" {
  description = "Id of the HTTP API; null without one."
  type        = object({ id = string })
  default     = null
}

variable "latency_ms" {
  description = "Threshold of the alarm on p99 latency, in milliseconds."
  type        = number
  default     = 2000

  validation {
    condition     = var.latency_ms > 0
    error_message = "latency_ms must be above 0."
  }
}

variable "alarm_topic_arns" {
  description = "SNS topics to notify when an alarm fires and when it ends."
  type        = list(string)
  default     = []
}
