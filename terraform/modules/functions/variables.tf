variable "name" {
  description = "Name of the API, and prefix of the names of functions, roles and alarms."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,31}$", var.name))
    error_message = "name must be 2 to 32 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "functions" {
  description = <<-EOT
    The functions by name. `zip` is the path of its archive, `policy` the policy of its code (JSON), `routes` the route keys
    of the HTTP API (`authorized`: token required, if there is an authorizer), `environment` its settings
    (`ROSTER_PUBLIC_URL` is set here), `reserved_concurrency` its reserved concurrency (null: the account's pool), and
    `queue` the SQS queue that triggers it.
  EOT
  type = map(object({
    zip                  = string
    policy               = string
    environment          = map(string)
    memory_mb            = number
    timeout_s            = optional(number, 30)
    reserved_concurrency = optional(number)
    routes               = optional(map(object({ authorized = optional(bool, false) })), {})
    queue = optional(object({
      arn             = string
      batch_size      = optional(number, 5)
      max_concurrency = optional(number, 10)
    }))
  }))

  validation {
    condition     = alltrue([for function in var.functions : function.timeout_s >= 25 && function.timeout_s <= 30])
    error_message = "functions: timeout_s must be 25 to 30: Roster responds within 20 s, and the HTTP API times out after 30 s."
  }

  validation {
    condition     = alltrue([for function in var.functions : function.memory_mb >= 128 && function.memory_mb <= 10240])
    error_message = "functions: memory_mb must be 128 to 10240."
  }

  validation {
    condition = alltrue(flatten([
      for function in var.functions : [for key in keys(function.routes) : can(regex("^(\\$default|[A-Z]+ /.*)$", key))]
    ]))
    error_message = "functions: routes must be route keys such as `ANY /user` or `$default`."
  }

  validation {
    condition = alltrue([
      for function in var.functions : function.queue == null || try(function.queue.max_concurrency >= 2, false)
    ])
    error_message = "functions: queue.max_concurrency must be at least 2, as Lambda requires."
  }

  # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html#events-sqs-max-concurrency
  validation {
    condition = alltrue([
      for function in var.functions : function.queue == null || function.reserved_concurrency == null || length(function.routes) > 0
      || try(function.reserved_concurrency == function.queue.max_concurrency, false)
    ])
    error_message = "functions: reserved_concurrency of a function that only a queue invokes must equal queue.max_concurrency: less throttles it, more is taken from the account for nothing."
  }
}

variable "architecture" {
  description = "Architecture of the zips: `arm64` or `x86_64`."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture must be arm64 or x86_64."
  }
}

variable "throttling" {
  description = "Requests per second that the API accepts, and its burst limit; 429 above that."
  type        = object({ rate = number, burst = number })
  default     = { rate = 500, burst = 1000 }

  validation {
    condition     = var.throttling.rate > 0 && var.throttling.burst > 0
    error_message = "throttling must be above 0: with 0 the API refuses every request."
  }
}

variable "authorizer" {
  description = "OpenID Connect issuer and audience of the tokens that the API itself checks on `authorized` routes; null for none. Roster always checks them. API Gateway fetches the issuer's configuration when the authorizer is created, and accepts RSA signatures only."
  type        = object({ issuer = string, audience = string })
  default     = null

  validation {
    condition     = var.authorizer == null || startswith(try(var.authorizer.issuer, ""), "https://")
    error_message = "authorizer.issuer must be an https:// URL."
  }
}

variable "domain" {
  description = "Custom domain of the API: its name, the ARN of its certificate in this region, and the hosted zone for its records (null: managed elsewhere)."
  type        = object({ name = string, certificate_arn = string, zone_id = optional(string) })
  default     = null
}

variable "deployment" {
  description = "How traffic moves to a new version: the suffix of one of CodeDeploy's predefined configurations for Lambda."
  type        = string
  default     = "Canary10Percent5Minutes"

  validation {
    condition     = var.deployment == "AllAtOnce" || can(regex("^(Canary10Percent(5|10|15|30)Minutes|Linear10PercentEvery(1|2|3|10)Minutes?)$", var.deployment))
    error_message = "deployment must be AllAtOnce, Canary10PercentNMinutes with 5, 10, 15 or 30, Linear10PercentEvery1Minute, or Linear10PercentEveryNMinutes with 2, 3 or 10."
  }
}

variable "log_retention_days" {
  description = "Log retention, in days."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be a value that CloudWatch supports: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400 and so on."
  }
}

variable "tracing" {
  description = "Whether Lambda sends spans to X-Ray."
  type        = bool
  default     = false
}

variable "key_arn" {
  description = "ARN of the KMS key that encrypts environment variables; null for Lambda's own."
  type        = string
  default     = null
}

variable "logs_key_arn" {
  description = "ARN of the KMS key that encrypts the logs; its policy must let CloudWatch Logs use it. Null for CloudWatch's own."
  type        = string
  default     = null
}

variable "alarm_topic_arns" {
  description = "SNS topics to notify when an alarm fires and when it ends."
  type        = list(string)
  default     = []
}

variable "permissions_boundary" {
  description = "ARN of the permissions boundary of each role created here; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary == null || can(regex("^arn:[^:]+:iam::([0-9]{12}|aws):policy/[^*]+$", var.permissions_boundary))
    error_message = "permissions_boundary must be the ARN of one IAM policy."
  }
}

variable "role_path" {
  description = "IAM path of each role created here. Set it before the first apply: IAM cannot change it, and a role of the same name blocks a new one."
  type        = string
  default     = "/"

  validation {
    condition     = can(regex("^/([a-zA-Z0-9+=,.@_-]+/)*$", var.role_path))
    error_message = "role_path must begin and end with a slash, such as / or /teams/roster/."
  }
}
