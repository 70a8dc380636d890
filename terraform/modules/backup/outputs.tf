output "plan_id" {
  description = "Id of the plan."
  value       = aws_backup_plan.this.id
}

output "backup_role_arn" {
  description = "ARN of the role that makes backups."
  value       = aws_iam_role.this["backup"].arn
}

output "restore_role_arn" {
  description = "ARN of the role that restores, for `aws backup start-restore-job`."
  value       = aws_iam_role.this["restore"].arn
}
