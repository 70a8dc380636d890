output "bucket" {
  description = "Name of the bucket, for the backend configuration."
  value       = module.bucket.name
}

output "arn" {
  description = "ARN of the bucket."
  value       = module.bucket.arn
}
