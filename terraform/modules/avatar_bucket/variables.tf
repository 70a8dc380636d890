variable "name" {
  description = "Beginning of the bucket's name; `-avatars-` and the account follow."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,31}$", var.name))
    error_message = "name must be 2 to 32 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "environment" {
  description = "Whose images the bucket holds: the value of `ROSTER_ENVIRONMENT` where Roster runs. In `roster.json`."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,30}$", var.environment))
    error_message = "environment must be 1 to 31 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "table_name" {
  description = "Name of the table whose users the images are of. In `roster.json`."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z0-9_.-]{3,255}$", var.table_name))
    error_message = "table_name must be the name of a DynamoDB table, not its ARN."
  }
}

variable "queue_arn" {
  description = "ARN of the queue that is notified of each new object below `avatars/`. It must let the bucket send already."
  type        = string

  validation {
    condition     = can(regex("^arn:[^:]+:sqs:", var.queue_arn))
    error_message = "queue_arn must be the ARN of an SQS queue."
  }
}

variable "generation" {
  description = "Number of the bucket, where it is not the first: one that was restored stands beside the one that was lost."
  type        = number
  default     = null

  validation {
    condition     = var.generation == null || try(var.generation >= 2, false)
    error_message = "generation must be 2 or more, or null for the first."
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
  description = "Days for which what was replaced or erased can be brought back; null for ever, with no lifecycle rule at all."
  type        = number
  default     = 30

  validation {
    condition     = var.noncurrent_days == null || try(var.noncurrent_days >= 1, false)
    error_message = "noncurrent_days must be 1 or more, or null."
  }
}

variable "cloudfront_reads" {
  description = "Whether distributions of this account may get the objects below `avatars/`, and the page for those that are missing."
  type        = bool
  default     = false
}

variable "force_destroy" {
  description = "Whether destroying the bucket also destroys what is in it, all versions."
  type        = bool
  default     = false
}
