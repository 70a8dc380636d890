output "url" {
  description = "Base of the pictures' URLs, for `ROSTER_AVATAR_BASE_URL`."
  value       = "https://${var.domain == null ? aws_cloudfront_distribution.this.domain_name : var.domain.name}"
}

output "domain_name" {
  description = "CloudFront's host name of the distribution, for the DNS record of a custom domain."
  value       = aws_cloudfront_distribution.this.domain_name
}

output "distribution_id" {
  description = "Id of the distribution."
  value       = aws_cloudfront_distribution.this.id
}

output "arn" {
  description = "ARN of the distribution."
  value       = aws_cloudfront_distribution.this.arn
}

output "hosted_zone_id" {
  description = "CloudFront's hosted zone, for an alias record of a custom domain."
  value       = aws_cloudfront_distribution.this.hosted_zone_id
}

output "certificate_arn" {
  description = "ARN of the certificate of the custom domain; null without one."
  value       = aws_cloudfront_distribution.this.viewer_certificate[0].acm_certificate_arn
}
