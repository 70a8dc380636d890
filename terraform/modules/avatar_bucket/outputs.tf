output "name" {
  description = "Name of the bucket, for `ROSTER_AVATARS_BUCKET`."
  value       = module.bucket.name
}

output "arn" {
  description = "ARN of the bucket. Known before the bucket is created, so that the queue that lets it send can be created first."
  value       = module.bucket.arn
}

output "regional_domain_name" {
  description = "Host name of the bucket, as an origin of a CDN."
  value       = module.bucket.regional_domain_name
}

output "marker" {
  description = "Content of `roster.json`: the environment and the table whose images these are."
  value       = aws_s3_object.marker.content
}

output "error_page" {
  description = "Key of the page that CloudFront serves for a missing object; null without `cloudfront_reads`."
  value       = one(aws_s3_object.error_page[*].key)
}
