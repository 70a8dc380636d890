output "bucket" {
  description = "Name of the bucket, for the backend's settings."
  value       = aws_s3_bucket.this.id
}

output "arn" {
  description = "ARN of the bucket."
  value       = local.arn
}
