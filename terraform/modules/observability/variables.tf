variable "name" {
  description = "Name of the dashboard, and beginning of the alarms' names."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,31}$", var.name))
    error_message = "name must be 2 to 32 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "table_name" {
  description = "Name of the table of users."
  type        = string
}

variable "queue_name" {
  description = "Name of the queue of stored avatars."
  type        = string
}

variable "dead_letters_name" {
  description = "Name of the queue of events that were given up."
  type        = string
}

variable "function_names" {
  description = "Names of the functions, by what they are; empty without functions."
  type        = map(string)
  default     = {}
}

variable "api" {
  description = "The HTTP API, by its id; null without one."
  type        = object({ id = string })
  default     = null
}

variable "latency_ms" {
  description = "Milliseconds that 99 of 100 answers may take before an alarm."
  type        = number
  default     = 2000

  validation {
    condition     = var.latency_ms > 0
    error_message = "latency_ms must be above 0."
  }
}

variable "alarm_topic_arns" {
  description = "SNS topics that are told of alarms and of their end."
  type        = list(string)
  default     = []
}
