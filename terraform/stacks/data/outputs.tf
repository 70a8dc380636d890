# Values for the other stacks, in one place that they can read without access to this state.

locals {
  published = {
    environment        = var.environment
    index_names        = module.users_table.index_names
    table_name         = module.users_table.name
    table_arn          = module.users_table.arn
    bucket_name        = module.avatar_bucket.name
    bucket_arn         = module.avatar_bucket.arn
    bucket_domain_name = module.avatar_bucket.regional_domain_name
    error_page         = module.avatar_bucket.error_page
    uploads_name       = module.upload_bucket.name
    uploads_arn        = module.upload_bucket.arn
    queue_name         = module.avatar_events.queue_name
    queue_arn          = module.avatar_events.queue_arn
    queue_url          = module.avatar_events.queue_url
    dead_letters_name  = module.avatar_events.dead_letters_name
    dead_letters_arn   = module.avatar_events.dead_letters_arn
    dead_letters_url   = module.avatar_events.dead_letters_url
    key_arns           = values(module.key)[*].arn
    alarm_topic_arn    = module.alerts.topic_arn
  }
}

resource "aws_ssm_parameter" "published" {
  name  = "/roster/${var.environment}/data"
  type  = "String"
  value = jsonencode(local.published)
}

output "published" {
  description = "Values that the other stacks read from the parameter `/roster/ENVIRONMENT/data`."
  value       = local.published
}
