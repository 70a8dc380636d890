# Variables of this stack, set in environments/ENVIRONMENT/service.tfvars.

variable "auth" {
  description = "Access to users: `oidc` with the tokens' issuer and audience, or `off`."
  type        = object({ mode = string, issuer = optional(string), audience = optional(string) })

  validation {
    condition     = contains(["oidc", "off"], var.auth.mode)
    error_message = "auth.mode must be oidc or off."
  }

  validation {
    condition     = var.auth.mode == "off" || (var.auth.issuer != null && var.auth.audience != null)
    error_message = "auth.mode oidc requires an issuer and an audience."
  }

  validation {
    condition     = var.auth.issuer == null || startswith(coalesce(var.auth.issuer, "-"), "https://")
    error_message = "auth.issuer must be an https:// URL: Roster contacts the issuer only over TLS."
  }

  validation {
    condition     = var.auth.mode == "oidc" || var.environment != "prod"
    error_message = "auth.mode must be oidc in prod: off gives access to everyone who reaches the API."
  }
}

variable "settings" {
  description = "Further settings of Roster, such as `ROSTER_CORS_ORIGINS`."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.settings) : !contains(["ROSTER_ENVIRONMENT", "ROSTER_CONFIG_ENVIRONMENT", "ROSTER_STORAGE"], name)])
    error_message = "settings must not contain the environment or the storage: those come from the stacks."
  }
}

variable "lambda" {
  description = <<-EOT
    The functions: folder of their zips, architecture, throttling, reserved concurrency by function, custom domain,
    CodeDeploy configuration and tracing; null for none. A domain without `certificate_arn` gets a certificate, by a record
    in `zone_id`. `authorizer`: whether API Gateway checks tokens too, for which it must reach the issuer, and which must sign
    with RSA. `events`: whether and how the function `process-avatar` takes events; only pods do if it is not `enabled`.
  EOT
  type = object({
    zips                 = optional(string, "../../../target/lambda")
    architecture         = optional(string, "arm64")
    throttling           = optional(object({ rate = number, burst = number }), { rate = 500, burst = 1000 })
    reserved_concurrency = optional(map(number), {})
    domain               = optional(object({ name = string, certificate_arn = optional(string), zone_id = optional(string) }))
    authorizer           = optional(bool, false)
    events               = optional(object({ enabled = optional(bool, true), batch_size = optional(number, 5), max_concurrency = optional(number, 10) }), {})
    deployment           = optional(string, "Canary10Percent5Minutes")
    tracing              = optional(bool, false)
  })
  default = null

  validation {
    condition     = try(var.lambda.domain, null) == null || try(var.lambda.domain.certificate_arn, null) != null || try(var.lambda.domain.zone_id, null) != null
    error_message = "lambda.domain must have a certificate_arn, or a zone_id in which a certificate is validated."
  }

  validation {
    condition     = !try(var.lambda.authorizer, false) || var.auth.mode == "oidc"
    error_message = "lambda.authorizer requires auth.mode oidc."
  }

  validation {
    condition     = try(var.lambda.events.enabled, true) || var.kubernetes != null
    error_message = "lambda.events must be enabled without kubernetes: no worker would make renditions."
  }
}

variable "kubernetes" {
  description = "The pods: namespace, service accounts (the chart's `serviceAccount.name` of each part), how they get their roles (`irsa` or `pod_identity`), the OIDC provider of the cluster if it is not that of the stack `platform`, and a host name that gets a certificate in this region, which an ALB finds; null for none."
  type = object({
    service_accounts = optional(object({
      api      = optional(string, "roster-api")
      worker   = optional(string, "roster-worker")
      operator = optional(string, "roster-operator")
    }), {})
    namespace     = optional(string, "roster")
    identity      = optional(string, "irsa")
    oidc_provider = optional(object({ arn = string, issuer = string }))
    domain        = optional(object({ name = string, zone_id = string }))
  })
  default = null

  validation {
    condition     = length(distinct(values(try(var.kubernetes.service_accounts, {})))) == length(try(var.kubernetes.service_accounts, {}))
    error_message = "kubernetes.service_accounts must be three different names: each has a role of its own."
  }

  validation {
    condition     = alltrue([for name in values(try(var.kubernetes.service_accounts, {})) : can(regex("^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", name))])
    error_message = "kubernetes.service_accounts must be names of service accounts, such as roster-api, without their namespace."
  }

  validation {
    condition     = var.kubernetes == null || contains(["irsa", "pod_identity"], try(var.kubernetes.identity, "irsa"))
    error_message = "kubernetes.identity must be irsa or pod_identity."
  }

  validation {
    condition     = try(var.kubernetes.identity, "irsa") == "irsa" || try(var.kubernetes.oidc_provider, null) == null
    error_message = "kubernetes.identity pod_identity works only with the cluster of the stack `platform`: remove oidc_provider, or use irsa."
  }
}

variable "delivery" {
  description = "CloudFront in front of the bucket: custom domain, WAF web ACL, price class; null for none. A domain without `certificate_arn` gets a certificate, by a record in `zone_id`. The stack `data` must set `cloudfront_reads`."
  type = object({
    domain      = optional(object({ name = string, certificate_arn = optional(string), zone_id = optional(string) }))
    web_acl_arn = optional(string)
    price_class = optional(string, "PriceClass_100")
  })
  default = null

  validation {
    condition     = try(var.delivery.domain, null) == null || try(var.delivery.domain.certificate_arn, null) != null || try(var.delivery.domain.zone_id, null) != null
    error_message = "delivery.domain must have a certificate_arn, or a zone_id in which a certificate is validated."
  }
}
