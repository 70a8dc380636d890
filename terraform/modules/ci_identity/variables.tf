variable "name" {
  description = "Prefix of the roles' names, followed by `-plan` and `-apply-ENVIRONMENT`."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,31}$", var.name))
    error_message = "name must be 2 to 32 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "repository" {
  description = "GitHub repository whose workflows may assume the roles, as in the claim `sub` of its tokens: `owner/name`, or `owner@ID/name@ID` if it was created or renamed since 15 July 2026, or uses immutable subjects."
  type        = string

  validation {
    condition     = can(regex("^([A-Za-z0-9-]+/[A-Za-z0-9._-]+|[A-Za-z0-9-]+@[0-9]+/[A-Za-z0-9._-]+@[0-9]+)$", var.repository))
    error_message = "repository must be owner/name, or owner@ID/name@ID with both ids, without wildcards."
  }
}

variable "provider_arn" {
  description = "ARN of the OIDC provider of GitHub Actions in IAM, if the account already has it; null to create it."
  type        = string
  default     = null

  validation {
    condition     = var.provider_arn == null || can(regex("^arn:[^:]+:iam::[0-9]{12}:oidc-provider/token\\.actions\\.githubusercontent\\.com$", var.provider_arn))
    error_message = "provider_arn must be the ARN of the provider of token.actions.githubusercontent.com."
  }
}

variable "branch" {
  description = "Branch whose workflows may plan, besides those of pull requests."
  type        = string
  default     = "main"
}

variable "environments" {
  description = "GitHub environments whose jobs may apply here, such as `prod`. Protect them on GitHub: that is where a person approves."
  type        = set(string)

  validation {
    condition     = alltrue([for environment in var.environments : can(regex("^[a-z][a-z0-9-]*$", environment))])
    error_message = "environments must be lower-case names, without wildcards."
  }
}

variable "state_bucket_arn" {
  description = "ARN of the bucket of Terraform states."
  type        = string

  validation {
    condition     = can(regex("^arn:[^:]+:s3:::[^*/]+$", var.state_bucket_arn))
    error_message = "state_bucket_arn must be the ARN of one bucket."
  }
}

variable "roles_prefix" {
  description = "Prefix of all names of Roster in this account: of the roles that apply may create, and of what plan may read."
  type        = string
  default     = "roster-"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,}$", var.roles_prefix))
    error_message = "roles_prefix must be at least 3 lower-case letters, digits and hyphens."
  }
}

variable "workload_boundary" {
  description = "ARN of the permissions boundary of the roles that apply may create; null to create one here, named `roles_prefix` and `boundary`."
  type        = string
  default     = null

  validation {
    condition     = var.workload_boundary == null || can(regex("^arn:[^:]+:iam::([0-9]{12}|aws):policy/[^*]+$", var.workload_boundary))
    error_message = "workload_boundary must be the ARN of one IAM policy."
  }
}

variable "permissions_boundary" {
  description = "ARN of the permissions boundary of the workflow roles themselves, if the account requires one; null for none. It must let them apply."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary == null || can(regex("^arn:[^:]+:iam::([0-9]{12}|aws):policy/[^*]+$", var.permissions_boundary))
    error_message = "permissions_boundary must be the ARN of one IAM policy."
  }
}

variable "role_path" {
  description = "IAM path of each role created here. Set it before the first apply: IAM cannot change it, and a role of the same name blocks a new one."
  type        = string
  default     = "/"

  validation {
    condition     = can(regex("^/([a-zA-Z0-9+=,.@_-]+/)*$", var.role_path))
    error_message = "role_path must begin and end with a slash, such as / or /teams/roster/."
  }
}
