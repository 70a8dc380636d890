output "role_arn" {
  description = "ARN of the role that backs up and restores, for `aws backup start-restore-job`."
  value       = aws_iam_role.this.arn
}
