variable "name" {
  description = "Beginning of the roles' names; `-plan` and `-apply-` with the environment follow."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,31}$", var.name))
    error_message = "name must be 2 to 32 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "repository" {
  description = "The GitHub repository whose workflows may take the roles, as `owner/name`."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.repository))
    error_message = "repository must be owner/name, without an asterisk."
  }
}

variable "branch" {
  description = "The branch whose workflows may plan, beside those of pull requests."
  type        = string
  default     = "main"
}

variable "environments" {
  description = "Environments of GitHub whose jobs may apply here, such as `prod`. Let GitHub protect them: that is where a person agrees."
  type        = set(string)

  validation {
    condition     = alltrue([for environment in var.environments : can(regex("^[a-z][a-z0-9-]*$", environment))])
    error_message = "environments must be names in lower case, without an asterisk."
  }
}

variable "state_bucket_arn" {
  description = "ARN of the bucket of Terraform's states."
  type        = string

  validation {
    condition     = can(regex("^arn:[^:]+:s3:::[^*/]+$", var.state_bucket_arn))
    error_message = "state_bucket_arn must be the ARN of one bucket."
  }
}

variable "roles_prefix" {
  description = "Beginning of the names of everything of Roster here: of the roles that apply may make, and of what plan may read."
  type        = string
  default     = "roster-"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,}$", var.roles_prefix))
    error_message = "roles_prefix must be 3 lower-case letters, digits and hyphens or more."
  }
}

variable "workload_boundary" {
  description = "ARN of the policy that bounds the roles that apply may make; null for one that is made here, `policy/` and `roles_prefix` and `boundary`."
  type        = string
  default     = null

  validation {
    condition     = var.workload_boundary == null || can(regex("^arn:[^:]+:iam::([0-9]{12}|aws):policy/[^*]+$", var.workload_boundary))
    error_message = "workload_boundary must be the ARN of one policy of IAM."
  }
}

variable "permissions_boundary" {
  description = "ARN of the policy that bounds the roles of workflows themselves, where an account requires one; null for none. It must let them apply."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary == null || can(regex("^arn:[^:]+:iam::([0-9]{12}|aws):policy/[^*]+$", var.permissions_boundary))
    error_message = "permissions_boundary must be the ARN of one policy of IAM."
  }
}
