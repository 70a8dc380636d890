variable "table_arn" {
  description = "ARN of the users table."
  type        = string

  validation {
    condition     = can(regex("^arn:[^:]+:dynamodb:[^*]+:table/[^*/]+$", var.table_arn))
    error_message = "table_arn must be the ARN of one table, without wildcards."
  }
}

variable "bucket_arn" {
  description = "ARN of the avatar bucket."
  type        = string

  validation {
    condition     = can(regex("^arn:[^:]+:s3:::[^*/]+$", var.bucket_arn))
    error_message = "bucket_arn must be the ARN of one bucket, without wildcards."
  }
}

variable "uploads_arn" {
  description = "ARN of the bucket of direct uploads."
  type        = string

  validation {
    condition     = can(regex("^arn:[^:]+:s3:::[^*/]+$", var.uploads_arn))
    error_message = "uploads_arn must be the ARN of one bucket, without wildcards."
  }
}

variable "queue_arn" {
  description = "ARN of the queue of stored avatars."
  type        = string

  validation {
    condition     = can(regex("^arn:[^:]+:sqs:[^*]+$", var.queue_arn))
    error_message = "queue_arn must be the ARN of one queue, without wildcards."
  }
}

variable "dead_letters_arn" {
  description = "ARN of the dead-letter queue."
  type        = string

  validation {
    condition     = can(regex("^arn:[^:]+:sqs:[^*]+$", var.dead_letters_arn))
    error_message = "dead_letters_arn must be the ARN of one queue, without wildcards."
  }
}

variable "key_arns" {
  description = "ARNs of the KMS keys that encrypt table and buckets; empty for keys of AWS."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.key_arns : can(regex("^arn:[^:]+:kms:[^*]+$", arn))])
    error_message = "key_arns must be ARNs of KMS keys, without wildcards."
  }
}
