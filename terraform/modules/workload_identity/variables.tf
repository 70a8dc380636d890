variable "name" {
  description = "Name of the role."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z0-9+=,.@_-]{1,64}$", var.name))
    error_message = "name must be 1 to 64 letters, digits or +=,.@_-."
  }
}

variable "namespace" {
  description = "Namespace of the service account."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.namespace))
    error_message = "namespace must be the name of one namespace, without wildcards."
  }
}

variable "service_account" {
  description = "Name of the service account."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$", var.service_account))
    error_message = "service_account must be the name of one service account, without wildcards."
  }
}

variable "policy" {
  description = "Policy document of the role, JSON."
  type        = string

  validation {
    condition     = can(jsondecode(var.policy).Statement)
    error_message = "policy must be a policy document in JSON."
  }
}

variable "oidc_provider" {
  description = "IRSA: ARN of the cluster's OIDC provider in IAM, and its issuer's URL without `https://`."
  type        = object({ arn = string, issuer = string })
  default     = null

  validation {
    condition     = var.oidc_provider == null || !startswith(try(var.oidc_provider.issuer, ""), "https://")
    error_message = "oidc_provider.issuer must not begin with https://, as in IAM conditions."
  }
}

variable "pod_identity_cluster" {
  description = "Pod Identity: name of the EKS cluster, which requires the add-on `eks-pod-identity-agent`."
  type        = string
  default     = null
}

variable "permissions_boundary" {
  description = "ARN of the permissions boundary of each role created here; null for none."
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
