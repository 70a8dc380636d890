variable "name" {
  description = "Prefix of the bucket's name, followed by `-avatars-` and the account."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,31}$", var.name))
    error_message = "name must be 2 to 32 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "environment" {
  description = "Environment whose images the bucket holds: `ROSTER_ENVIRONMENT` of Roster. Written to `roster.json`."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,30}$", var.environment))
    error_message = "environment must be 1 to 31 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "table_name" {
  description = "Name of the table with the users of the images. Written to `roster.json`."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z0-9_.-]{3,255}$", var.table_name))
    error_message = "table_name must be the name of a DynamoDB table, not its ARN."
  }
}

variable "queue_arn" {
  description = "ARN of the queue that is notified of each new object under `avatars/`. It must already let the bucket send."
  type        = string

  validation {
    condition     = can(regex("^arn:[^:]+:sqs:", var.queue_arn))
    error_message = "queue_arn must be the ARN of an SQS queue."
  }
}

variable "generation" {
  description = "Number of the bucket if it is not the first: a restored bucket exists beside the lost one."
  type        = number
  default     = null

  validation {
    condition     = var.generation == null || try(var.generation >= 2, false)
    error_message = "generation must be at least 2, or null for the first."
  }
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

variable "noncurrent_days" {
  description = "Days for which replaced or erased objects can be restored; null for ever, without a lifecycle rule."
  type        = number
  default     = 30

  validation {
    condition     = var.noncurrent_days == null || try(var.noncurrent_days >= 1, false)
    error_message = "noncurrent_days must be at least 1, or null."
  }
}

variable "backed_up" {
  description = "Whether AWS Backup backs up the bucket: then it also notifies EventBridge."
  type        = bool
  default     = false
}

variable "cloudfront_reads" {
  description = "Whether distributions of this account may get the objects under `avatars/`, and the page for missing ones."
  type        = bool
  default     = false
}

variable "force_destroy" {
  description = "Whether destroying the bucket also destroys its objects, with all versions."
  type        = bool
  default     = false
}
