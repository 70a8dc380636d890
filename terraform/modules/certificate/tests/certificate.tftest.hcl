mock_provider "aws" {
  mock_resource "aws_acm_certificate" {
    defaults = {
      arn = "arn:aws:acm:us-east-1:123456789012:certificate/1"
      domain_validation_options = [{
        domain_name           = "users.example.org"
        resource_record_name  = "_1.users.example.org."
        resource_record_type  = "CNAME"
        resource_record_value = "_2.acm-validations.aws."
      }]
    }
    override_during = plan
  }
}

variables {
  domain  = "users.example.org"
  zone_id = "Z0123456789ABC"
}

run "its_record_proves_the_host_name" {
  command = plan

  assert {
    condition     = aws_acm_certificate.this.validation_method == "DNS" && aws_acm_certificate.this.domain_name == "users.example.org"
    error_message = "The certificate is for another name, or a person must confirm it."
  }

  assert {
    condition     = [aws_route53_record.this.zone_id, aws_route53_record.this.name, aws_route53_record.this.type, one(aws_route53_record.this.records)] == ["Z0123456789ABC", "_1.users.example.org.", "CNAME", "_2.acm-validations.aws."]
    error_message = "ACM does not find its record."
  }
}

run "a_wildcard_is_refused" {
  command = plan
  variables { domain = "*.example.org" }
  expect_failures = [var.domain]
}

run "a_zone_by_its_name_is_refused" {
  command = plan
  variables { zone_id = "example.org" }
  expect_failures = [var.zone_id]
}
