output "role_arn" {
  description = "ARN of the role, for the annotation `eks.amazonaws.com/role-arn` of the service account (IRSA)."
  value       = aws_iam_role.this.arn
}

output "role_name" {
  description = "Name of the role."
  value       = aws_iam_role.this.name
}

output "service_account" {
  description = "Namespace and name of the service account that may take the role."
  value       = "${var.namespace}/${var.service_account}"
}
