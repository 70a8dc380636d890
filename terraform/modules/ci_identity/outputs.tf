output "role_arns" {
  description = "ARNs of the roles: `plan`, and `apply-ENVIRONMENT` for each environment."
  value       = { for name, role in aws_iam_role.this : name => role.arn }
}

output "workload_boundary" {
  description = "ARN of the permissions boundary of the roles that apply may create: `permissions_boundary` of the other stacks."
  value       = local.workload_boundary
}

output "provider_arn" {
  description = "ARN of the OIDC provider of GitHub Actions in IAM."
  value       = local.provider_arn
}
