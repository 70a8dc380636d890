module "access_policy" {
  source           = "../.."
  table_arn        = "arn:aws:dynamodb:eu-central-1:123456789012:table/roster-prod-users"
  bucket_arn       = "arn:aws:s3:::roster-prod-avatars-123456789012"
  uploads_arn      = "arn:aws:s3:::roster-prod-uploads-123456789012"
  queue_arn        = "arn:aws:sqs:eu-central-1:123456789012:roster-prod-avatars"
  dead_letters_arn = "arn:aws:sqs:eu-central-1:123456789012:roster-prod-avatars-dead-letters"
}
