# CloudFront in front of the bucket: `ROSTER_AVATAR_BASE_URL` is its URL, and it serves the objects under `avatars/`
# from edge locations. The bucket's policy restricts it to them: all other paths, and those of missing objects, are a
# 404.

resource "aws_cloudfront_origin_access_control" "this" {
  name                              = var.name
  description                       = "Signs what is asked of ${var.name}'s bucket"
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

# The objects' own header allows a year, which is right for clients: the content behind a key never changes. An erased
# object must leave the edges sooner, so each revalidates with S3 after a day (`304` while it exists). CloudFront passes
# the header on unchanged.
resource "aws_cloudfront_cache_policy" "this" {
  name        = var.name
  min_ttl     = 0
  default_ttl = 86400
  max_ttl     = 86400

  # Nothing in a request changes the object, and no S3 parameter (`?list-type=2`) reaches S3.
  parameters_in_cache_key_and_forwarded_to_origin {
    enable_accept_encoding_brotli = false
    enable_accept_encoding_gzip   = false

    cookies_config {
      cookie_behavior = "none"
    }

    headers_config {
      header_behavior = "none"
    }

    query_strings_config {
      query_string_behavior = "none"
    }
  }
}

resource "aws_cloudfront_response_headers_policy" "this" {
  name = var.name

  security_headers_config {
    content_type_options {
      override = true
    }

    strict_transport_security {
      access_control_max_age_sec = 63072000
      include_subdomains         = false
      override                   = true
    }

    # An image and nothing else, even if a browser would sniff another type.
    content_security_policy {
      content_security_policy = "default-src 'none'; sandbox"
      override                = true
    }

    referrer_policy {
      referrer_policy = "no-referrer"
      override        = true
    }
  }

  # As the API does for the same origins.
  dynamic "cors_config" {
    for_each = length(var.cors_origins) == 0 ? [] : [var.cors_origins]

    content {
      access_control_allow_credentials = false
      access_control_max_age_sec       = 7200
      origin_override                  = true

      access_control_allow_origins {
        items = cors_config.value
      }

      access_control_allow_methods {
        items = ["GET", "HEAD"]
      }

      access_control_allow_headers {
        items = ["*"]
      }
    }
  }

  # S3 sends them, and they name the account, its key, and the request that stored the object.
  remove_headers_config {
    dynamic "items" {
      for_each = toset([
        "x-amz-meta-traceparent",
        "x-amz-server-side-encryption",
        "x-amz-server-side-encryption-aws-kms-key-id",
        "x-amz-server-side-encryption-bucket-key-enabled",
        "x-amz-version-id",
      ])

      content {
        header = items.key
      }
    }
  }

  custom_headers_config {
    items {
      header   = "Cross-Origin-Resource-Policy"
      value    = "cross-origin"
      override = true
    }
  }
}

resource "aws_cloudfront_distribution" "this" {
  # checkov:skip=CKV_AWS_174: a domain has TLSv1.2_2021; with its own certificate CloudFront accepts TLSv1 whatever is set here
  comment         = "Avatars of ${var.name}"
  enabled         = true
  is_ipv6_enabled = true
  http_version    = "http2and3"
  price_class     = var.price_class
  aliases         = var.domain == null ? [] : [var.domain.name]
  web_acl_id      = var.web_acl_arn

  # For `GET /` CloudFront requests this object, which does not exist, and never a list of the bucket.
  default_root_object = "none"

  origin {
    origin_id                = "avatars"
    domain_name              = var.bucket_domain_name
    origin_access_control_id = aws_cloudfront_origin_access_control.this.id
  }

  default_cache_behavior {
    target_origin_id           = "avatars"
    viewer_protocol_policy     = "redirect-to-https"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    compress                   = false # images are already compressed
    cache_policy_id            = aws_cloudfront_cache_policy.this.id
    response_headers_policy_id = aws_cloudfront_response_headers_policy.this.id
  }

  # S3's response for a missing object to callers that may not list the bucket. The object may exist a moment later.
  custom_error_response {
    error_code            = 403
    response_code         = 404
    response_page_path    = "/${var.error_page}"
    error_caching_min_ttl = 5
  }

  viewer_certificate {
    cloudfront_default_certificate = var.domain == null
    acm_certificate_arn            = try(var.domain.certificate_arn, null)
    ssl_support_method             = var.domain == null ? null : "sni-only"
    minimum_protocol_version       = var.domain == null ? "TLSv1" : "TLSv1.2_2021"
  }

  dynamic "logging_config" {
    for_each = var.log_bucket == null ? [] : [var.log_bucket]

    content {
      bucket          = logging_config.value
      prefix          = "${var.name}/"
      include_cookies = false
    }
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }
}

resource "aws_route53_record" "this" {
  for_each = try(var.domain.zone_id, null) == null ? [] : toset(["A", "AAAA"])

  zone_id = var.domain.zone_id
  name    = var.domain.name
  type    = each.key

  alias {
    name                   = aws_cloudfront_distribution.this.domain_name
    zone_id                = aws_cloudfront_distribution.this.hosted_zone_id
    evaluate_target_health = false
  }
}
