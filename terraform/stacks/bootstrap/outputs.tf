output "state_bucket" {
  description = "Name of the bucket of states, for backend.hcl."
  value       = module.state.bucket
}

output "ci_role_arns" {
  description = "ARNs of the roles of workflows: `plan` and `apply-` with the environment."
  value       = try(values(module.ci_identity)[0].role_arns, {})
}
