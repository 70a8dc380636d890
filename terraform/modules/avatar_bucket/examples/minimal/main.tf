module "avatar_bucket" {
  source      = "../.."
  name        = "roster-prod"
  environment = "prod"
  table_name  = "roster-prod-users"
  queue_arn   = "arn:aws:sqs:eu-central-1:123456789012:roster-prod-avatars"
}
