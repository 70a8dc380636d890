# The settings of Roster, for functions and pods. The environment that it runs in comes from the values, the environment
# that the settings are for from the stack `data`: if they differ, Roster serves nothing.

locals {
  settings = merge(
    {
      ROSTER_STORAGE            = "aws"
      ROSTER_ENVIRONMENT        = var.environment
      ROSTER_CONFIG_ENVIRONMENT = local.data.environment
      ROSTER_USERS_TABLE        = local.data.table_name
      ROSTER_AVATARS_BUCKET     = local.data.bucket_name
      ROSTER_UPLOADS_BUCKET     = local.data.uploads_name
      ROSTER_EVENTS_QUEUE_URL   = local.data.queue_url
      ROSTER_DEAD_LETTERS_URL   = local.data.dead_letters_url
      ROSTER_AUTH               = var.auth.mode
    },
    var.auth.mode == "oidc" ? {
      ROSTER_AUTH_ISSUER   = var.auth.issuer
      ROSTER_AUTH_AUDIENCE = var.auth.audience
    } : {},
    length(module.delivery) == 0 ? {} : { ROSTER_AVATAR_BASE_URL = module.delivery["pictures"].url },
    var.settings,
  )

  cors_origins = compact([for origin in split(",", lookup(var.settings, "ROSTER_CORS_ORIGINS", "")) : trimspace(origin)])
}

# Pages that may call the API may also read pictures from CloudFront (main.tf), and send the uploads that it announces. S3
# answers them itself, and here it is known which pages these are.
resource "aws_s3_bucket_cors_configuration" "uploads" {
  count = length(local.cors_origins) > 0 ? 1 : 0

  bucket = local.data.uploads_name

  cors_rule {
    allowed_origins = local.cors_origins
    allowed_methods = ["PUT"]
    allowed_headers = ["content-type", "x-amz-checksum-sha256"]
    max_age_seconds = 7200 # as the API
  }
}
