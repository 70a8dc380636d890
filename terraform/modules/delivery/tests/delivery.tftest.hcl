provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

override_data {
  target = data.aws_cloudfront_cache_policy.optimized
  values = { id = "658327ea-f89d-4fab-a63d-7e88639e58f6" }
}

variables {
  name               = "roster-test"
  bucket_domain_name = "roster-test-avatars.s3.eu-central-1.amazonaws.com"
}

run "pictures_are_read_over_tls_and_signed" {
  command = plan

  assert {
    condition     = aws_cloudfront_distribution.this.default_cache_behavior[0].viewer_protocol_policy == "redirect-to-https" && toset(aws_cloudfront_distribution.this.default_cache_behavior[0].allowed_methods) == toset(["GET", "HEAD"])
    error_message = "It serves without TLS, or takes more than reads."
  }

  assert {
    condition     = aws_cloudfront_origin_access_control.this.signing_behavior == "always"
    error_message = "The bucket cannot tell who asks."
  }

  assert {
    condition     = aws_cloudfront_response_headers_policy.this.security_headers_config[0].content_security_policy[0].content_security_policy == "default-src 'none'; sandbox"
    error_message = "A browser may take an image for a page."
  }
}

run "a_domain_has_its_certificate" {
  command = plan
  variables { domain = { name = "pictures.example.org", certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/1" } }

  assert {
    condition     = aws_cloudfront_distribution.this.aliases == toset(["pictures.example.org"]) && aws_cloudfront_distribution.this.viewer_certificate[0].minimum_protocol_version == "TLSv1.2_2021"
    error_message = "It does not answer to the name, or takes old TLS."
  }

  assert {
    condition     = output.url == "https://pictures.example.org"
    error_message = "Pictures are sought elsewhere."
  }
}

run "a_name_in_capitals_is_refused" {
  command = plan
  variables { name = "Roster" }
  expect_failures = [var.name]
}

run "a_certificate_of_another_region_is_refused" {
  command = plan
  variables { domain = { name = "a.example.org", certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/1" } }
  expect_failures = [var.domain]
}

run "a_regional_web_acl_is_refused" {
  command = plan
  variables { web_acl_arn = "arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/a/1" }
  expect_failures = [var.web_acl_arn]
}

run "another_price_class_is_refused" {
  command = plan
  variables { price_class = "Cheap" }
  expect_failures = [var.price_class]
}
