# A certificate of ACM for one host name, validated and renewed by a DNS record. It is in the region of the given
# provider: us-east-1 for CloudFront, else the region of the API or the load balancer.

resource "aws_acm_certificate" "this" {
  domain_name       = var.domain
  validation_method = "DNS"

  # The service keeps the old one until it has the new one.
  lifecycle {
    create_before_destroy = true
  }
}

locals {
  record = one([for option in aws_acm_certificate.this.domain_validation_options : option if option.domain_name == var.domain])
}

resource "aws_route53_record" "this" {
  zone_id = var.zone_id
  name    = local.record.resource_record_name
  type    = local.record.resource_record_type
  records = [local.record.resource_record_value]
  ttl     = 300

  # Certificates of one name have the same record, also in two regions (README.md).
  allow_overwrite = true
}

# Waits until ACM has seen the record.
resource "aws_acm_certificate_validation" "this" {
  certificate_arn         = aws_acm_certificate.this.arn
  validation_record_fqdns = [aws_route53_record.this.fqdn]
}
