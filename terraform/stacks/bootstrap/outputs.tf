output "state_bucket" {
  description = "Name of the bucket of states, for backend.hcl."
  value       = module.state.bucket
}

output "ci_role_arns" {
  description = "ARNs of the workflow roles: `plan` and `apply-ENVIRONMENT`."
  value       = try(values(module.ci_identity)[0].role_arns, {})
}

output "workload_boundary" {
  description = "ARN of the permissions boundary of the roles of the other stacks, for `permissions_boundary` in common.tfvars; null without workflows."
  value       = try(values(module.ci_identity)[0].workload_boundary, null)
}
