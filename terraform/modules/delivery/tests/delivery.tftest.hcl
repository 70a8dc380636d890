provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

override_resource {
  target          = aws_cloudfront_cache_policy.this
  values          = { id = "a-day" }
  override_during = plan
}

variables {
  name               = "roster-test"
  bucket_domain_name = "roster-test-avatars.s3.eu-central-1.amazonaws.com"
  error_page         = "errors/not-found.json"
}

run "pictures_are_read_over_tls_and_signed" {
  command = plan

  assert {
    condition     = aws_cloudfront_distribution.this.default_cache_behavior[0].viewer_protocol_policy == "redirect-to-https" && toset(aws_cloudfront_distribution.this.default_cache_behavior[0].allowed_methods) == toset(["GET", "HEAD"])
    error_message = "It serves without TLS, or allows methods other than reads."
  }

  assert {
    condition     = aws_cloudfront_origin_access_control.this.signing_behavior == "always"
    error_message = "Requests to the bucket are not signed."
  }

  assert {
    condition     = aws_cloudfront_response_headers_policy.this.security_headers_config[0].content_security_policy[0].content_security_policy == "default-src 'none'; sandbox"
    error_message = "A browser may interpret an image as a page."
  }
}

run "the_bucket_is_never_listed" {
  command = plan

  assert {
    condition     = length(aws_cloudfront_distribution.this.default_root_object) > 0 && !startswith(aws_cloudfront_distribution.this.default_root_object, "avatars/")
    error_message = "GET / is a list of the bucket, or a picture."
  }

  assert {
    condition = alltrue([for forwarded in aws_cloudfront_cache_policy.this.parameters_in_cache_key_and_forwarded_to_origin : alltrue([
      one(forwarded.query_strings_config).query_string_behavior == "none", one(forwarded.headers_config).header_behavior == "none", one(forwarded.cookies_config).cookie_behavior == "none",
    ])]) && aws_cloudfront_distribution.this.default_cache_behavior[0].origin_request_policy_id == null
    error_message = "Query parameters of clients reach S3."
  }
}

run "a_missing_object_is_a_404" {
  command = plan

  assert {
    condition = [for answer in aws_cloudfront_distribution.this.custom_error_response : [answer.error_code, answer.response_code, answer.response_page_path]] == [
      [403, 404, "/errors/not-found.json"]
    ]
    error_message = "S3's 403 for a missing object reaches clients."
  }
}

run "an_erased_object_leaves_the_edges_within_a_day" {
  command = plan

  assert {
    condition     = aws_cloudfront_cache_policy.this.max_ttl <= 86400
    error_message = "An edge keeps an object for longer than a day."
  }

  assert {
    condition = alltrue([
      for behavior in concat(aws_cloudfront_distribution.this.default_cache_behavior, aws_cloudfront_distribution.this.ordered_cache_behavior) :
      behavior.cache_policy_id == aws_cloudfront_cache_policy.this.id
    ])
    error_message = "A behaviour has another cache policy."
  }
}

run "a_domain_has_its_certificate" {
  command = plan
  variables { domain = { name = "pictures.example.org", certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/1" } }

  assert {
    condition     = aws_cloudfront_distribution.this.aliases == toset(["pictures.example.org"]) && aws_cloudfront_distribution.this.viewer_certificate[0].minimum_protocol_version == "TLSv1.2_2021"
    error_message = "It does not serve the host name, or accepts old TLS versions."
  }

  assert {
    condition     = output.url == "https://pictures.example.org"
    error_message = "The base URL is not that of the domain."
  }
}

run "a_name_in_capitals_is_refused" {
  command = plan
  variables { name = "Roster" }
  expect_failures = [var.name]
}

run "a_bucket_without_the_page_is_refused" {
  command = plan
  variables { error_page = null }
  expect_failures = [var.error_page]
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

run "its_host_name_leads_to_it" {
  command = plan

  variables {
    domain = { name = "pictures.example.org", certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/1", zone_id = "Z0EXAMPLE" }
  }

  assert {
    condition     = { for type, record in aws_route53_record.this : type => "${record.zone_id} ${record.name}" } == { for type in ["A", "AAAA"] : type => "Z0EXAMPLE pictures.example.org" }
    error_message = "URLs of pictures lead nowhere."
  }
}

run "names_of_the_account_stay_inside" {
  command = plan

  assert {
    condition     = contains([for item in one(aws_cloudfront_response_headers_policy.this.remove_headers_config).items : item.header], "x-amz-server-side-encryption-aws-kms-key-id")
    error_message = "Each picture shows the account and its key."
  }

  assert {
    condition     = length(aws_cloudfront_response_headers_policy.this.cors_config) == 0
    error_message = "Scripts of some page may read pictures."
  }
}

run "scripts_of_named_origins_read_pictures" {
  command = plan
  variables { cors_origins = ["https://app.example.org"] }

  assert {
    condition     = one(one(aws_cloudfront_response_headers_policy.this.cors_config).access_control_allow_origins).items == toset(["https://app.example.org"])
    error_message = "Other pages may, or none."
  }
}

run "every_origin_is_refused" {
  command = plan
  variables { cors_origins = ["*"] }
  expect_failures = [var.cors_origins]
}
