output "policies" {
  description = "Policy documents, JSON, of `create-user`, `list-users`, `manage-user`, `serve-avatar`, `process-avatar` (functions), `api`, `worker` and `operator` (containers)."
  value       = { for name, document in data.aws_iam_policy_document.this : name => document.json }
}
