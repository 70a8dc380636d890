output "bucket" {
  description = "Name of the bucket, for the backend's settings."
  value       = module.bucket.name
}

output "arn" {
  description = "ARN of the bucket."
  value       = module.bucket.arn
}
