output "role_arns" {
  description = "ARNs of the roles: `plan`, and `apply-` with each environment."
  value       = { for name, role in aws_iam_role.this : name => role.arn }
}

output "workload_boundary" {
  description = "ARN of the policy that bounds the roles that apply may make: `permissions_boundary` of the other stacks."
  value       = local.workload_boundary
}
