output "name" {
  description = "Name of the bucket, for `ROSTER_UPLOADS_BUCKET`."
  value       = module.bucket.name
}

output "arn" {
  description = "ARN of the bucket."
  value       = module.bucket.arn
}
