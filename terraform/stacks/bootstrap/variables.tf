# Of this stack: environments/ENVIRONMENT/bootstrap.tfvars.

variable "repository" {
  description = "The GitHub repository whose workflows plan and apply, as `owner/name`; null for none."
  type        = string
  default     = null
}

variable "ci_permissions_boundary" {
  description = "ARN of the policy that bounds the roles of workflows themselves, where the account requires one; null for none."
  type        = string
  default     = null
}

variable "ephemeral" {
  description = "Whether destroying the stack also destroys the states of the others."
  type        = bool
  default     = false
}
