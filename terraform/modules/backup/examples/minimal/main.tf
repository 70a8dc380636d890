module "backup" {
  source        = "../.."
  name          = "roster-prod"
  vault_name    = "roster-prod"
  resource_arns = ["arn:aws:dynamodb:eu-central-1:123456789012:table/roster-prod-users", "arn:aws:s3:::roster-prod-avatars-123456789012"]
}
