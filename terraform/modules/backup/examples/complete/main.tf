# To any second of the last days, snapshots for a year, copies in a second region, volumes of claims, and alarms.
module "backup" {
  source           = "../.."
  name             = "roster-prod"
  vault_name       = "roster-prod"
  resource_arns    = ["arn:aws:dynamodb:eu-central-1:123456789012:table/roster-prod-users", "arn:aws:s3:::roster-prod-avatars-123456789012"]
  copy_vault_arn   = "arn:aws:backup:eu-west-1:123456789012:backup-vault:roster-prod"
  volume_tag       = { key = "RosterBackup", value = "roster-prod" }
  alarm_topic_arns = ["arn:aws:sns:eu-central-1:123456789012:roster-prod-alerts"]

  rules = {
    daily   = { schedule = "cron(0 3 * * ? *)", retention_days = 35, continuous = true }
    monthly = { schedule = "cron(0 4 1 * ? *)", retention_days = 365 }
  }
}
