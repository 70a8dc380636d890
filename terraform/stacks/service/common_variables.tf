# Variables of every stack, set in environments/ENVIRONMENT/common.tfvars. This file, versions.tf and providers.tf are
# the same in all stacks, since root modules cannot share files; `just tf-check` compares them.

variable "environment" {
  description = "Name of the environment: in names, in tags, and in the item that marks whose data is in the table."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,15}$", var.environment))
    error_message = "environment must be 1 to 16 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "account_id" {
  description = "AWS account of the environment. Credentials of another account are refused."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id must be twelve digits."
  }
}

variable "region" {
  description = "AWS region of the environment."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be a region such as eu-central-1."
  }
}

variable "permissions_boundary" {
  description = "ARN of the permissions boundary of every role of the stacks `data`, `platform` and `service`; null for none. If workflows apply, it must be the one that the stack `bootstrap` creates or uses."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary == null || can(regex("^arn:[^:]+:iam::(${var.account_id}|aws):policy/[^*]+$", var.permissions_boundary))
    error_message = "permissions_boundary must be the ARN of a policy of the environment's own account."
  }

  # That of the stack `bootstrap`, which has the path. With the ARN of a policy that does not exist no role can be created.
  validation {
    condition     = !endswith(coalesce(var.permissions_boundary, "-"), "/roster-${var.environment}-boundary") || endswith(coalesce(var.permissions_boundary, "-"), ":policy${var.role_path}roster-${var.environment}-boundary")
    error_message = "permissions_boundary ends with roster-${var.environment}-boundary, so it must end with :policy${var.role_path}roster-${var.environment}-boundary, because of role_path."
  }
}

variable "role_path" {
  description = "IAM path of every role. Set it before the first apply: IAM cannot change it, and a role of the same name blocks a new one."
  type        = string
  default     = "/"

  validation {
    condition     = can(regex("^/([a-zA-Z0-9+=,.@_-]+/)*$", var.role_path))
    error_message = "role_path must begin and end with a slash, such as / or /teams/roster/."
  }
}

variable "tags" {
  description = "Tags of every resource, besides the stack's own: for example, a cost centre."
  type        = map(string)
  default     = {}

  validation {
    condition     = length(setintersection(keys(var.tags), ["Project", "Environment", "Stack", "ManagedBy"])) == 0
    error_message = "tags must not contain Project, Environment, Stack or ManagedBy: the stacks set those."
  }

  # The driver of the cluster's volumes gets them in one argument, KEY=VALUE,KEY=VALUE, and refuses names of Kubernetes.
  validation {
    condition     = alltrue([for key, value in var.tags : !can(regex("[,=]", "${key}${value}")) && !can(regex("^(aws:|kubernetes\\.io/)", key))])
    error_message = "tags must have no comma and no equals sign, and no key that begins with aws: or kubernetes.io/."
  }
}

variable "emulated" {
  description = "Whether AWS is emulated (at `AWS_ENDPOINT_URL`): buckets have no host names of their own there."
  type        = bool
  default     = false
}
