module "avatar_events" {
  source     = "../.."
  name       = "roster-prod"
  bucket_arn = "arn:aws:s3:::roster-prod-avatars-123456789012"
}
