output "name" {
  description = "Name of the table, for `ROSTER_USERS_TABLE`."
  value       = aws_dynamodb_table.this.name
}

output "arn" {
  description = "ARN of the table."
  value       = aws_dynamodb_table.this.arn
}

output "index_names" {
  description = "Names of the table's indexes."
  value       = [for index in aws_dynamodb_table.this.global_secondary_index : index.name]
}
