output "backup_role_arn" {
  description = "ARN of the role that backs up."
  value       = aws_iam_role.this["backup"].arn
}

output "restore_role_arn" {
  description = "ARN of the role that restores, for `aws backup start-restore-job`."
  value       = aws_iam_role.this["restore"].arn
}
