# Variables of this stack, set in environments/ENVIRONMENT/bootstrap.tfvars.

variable "repository" {
  description = "GitHub repository whose workflows plan and apply, as `owner/name` or `owner@ID/name@ID` (docs/terraform.md); null for none."
  type        = string
  default     = null
}

variable "github_provider_arn" {
  description = "ARN of the OIDC provider of GitHub Actions in IAM, if the account already has it; null to create it."
  type        = string
  default     = null
}

variable "ci_permissions_boundary" {
  description = "ARN of the permissions boundary of the workflow roles themselves, if the account requires one; null for none."
  type        = string
  default     = null
}

variable "ephemeral" {
  description = "Whether destroying the stack also destroys the states of the others."
  type        = bool
  default     = false
}
