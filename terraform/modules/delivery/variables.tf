variable "name" {
  description = "Name of the policies, also in the comment of the distribution."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,31}$", var.name))
    error_message = "name must be 2 to 32 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "bucket_domain_name" {
  description = "Regional host name of the avatar bucket, whose policy lets CloudFront of this account read."
  type        = string
}

variable "error_page" {
  description = "Key of the page in the bucket that is served for a missing object (`error_page` of `avatar_bucket`)."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9/.-]*$", var.error_page))
    error_message = "error_page must be an object key: first apply the stack `data` with cloudfront_reads = true, which writes the page."
  }
}

variable "domain" {
  description = "Host name of the distribution, ARN of its certificate in us-east-1, and the hosted zone for its records (null: managed elsewhere); null for CloudFront's own name."
  type        = object({ name = string, certificate_arn = string, zone_id = optional(string) })
  default     = null

  validation {
    condition     = var.domain == null || can(regex("^arn:[^:]+:acm:us-east-1:", var.domain.certificate_arn))
    error_message = "domain.certificate_arn must be the ARN of a certificate in us-east-1, the region that CloudFront uses."
  }
}

variable "web_acl_arn" {
  description = "ARN of a WAF web ACL with the scope CLOUDFRONT; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.web_acl_arn == null || can(regex("^arn:[^:]+:wafv2:us-east-1:[0-9]+:global/webacl/", var.web_acl_arn))
    error_message = "web_acl_arn must be the ARN of a web ACL with the scope CLOUDFRONT, in us-east-1."
  }
}

variable "cors_origins" {
  description = "Origins whose pages may read pictures by script, such as `https://app.example.org`; every page may show them."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for origin in var.cors_origins : can(regex("^https?://[^/*]+$", origin))])
    error_message = "cors_origins must be origins such as https://app.example.org, without a path or wildcard."
  }
}

variable "price_class" {
  description = "Edge locations: `PriceClass_100` (North America and Europe), `_200` or `_All`."
  type        = string
  default     = "PriceClass_100"

  validation {
    condition     = contains(["PriceClass_100", "PriceClass_200", "PriceClass_All"], var.price_class)
    error_message = "price_class must be PriceClass_100, PriceClass_200 or PriceClass_All."
  }
}

variable "log_bucket" {
  description = "Host name of a bucket for access logs, which contain client addresses; null for none."
  type        = string
  default     = null
}
