# Resources that must outlive every release: users, their pictures, direct uploads that wait, and pending events.

data "aws_partition" "this" {}

locals {
  name = "roster-${var.environment}"
}

module "key" {
  source   = "../../modules/key"
  for_each = var.own_key || coalesce(var.keep_key, false) ? toset(["data"]) : toset([])

  name     = "${local.name}-${each.key}"
  services = ["cloudfront.amazonaws.com"]
}

locals {
  # With `keep_key` alone it encrypts nothing new, but still decrypts.
  encrypting = { for name, key in module.key : name => key if var.own_key }
  key_arn    = one(values(local.encrypting)[*].arn)
}

# Neither AWS's own key of SNS, whose policy does not allow CloudWatch, nor the key of the data, to which alarms need no
# access.
# https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
module "alerts_key" {
  source   = "../../modules/key"
  for_each = var.encrypt_alerts ? toset(["alerts"]) : toset([])

  name     = "${local.name}-${each.key}"
  services = ["cloudwatch.amazonaws.com"]
}

module "alerts" {
  source = "../../modules/alerts"

  name    = local.name
  emails  = var.alert_emails
  key_arn = one(values(module.alerts_key)[*].arn)
}

module "users_table" {
  source = "../../modules/users_table"

  name                   = local.name
  environment            = var.environment
  generation             = var.generation
  key_arn                = local.key_arn
  point_in_time_recovery = var.point_in_time_recovery
  deletion_protection    = !var.ephemeral
}

module "avatar_bucket" {
  source = "../../modules/avatar_bucket"

  name             = local.name
  environment      = var.environment
  table_name       = module.users_table.name
  generation       = var.generation
  queue_arn        = module.avatar_events.queue_arn
  key_arn          = local.key_arn
  noncurrent_days  = var.noncurrent_days
  backed_up        = var.backup != null
  cloudfront_reads = var.cloudfront_reads
  force_destroy    = var.ephemeral
}

module "upload_bucket" {
  source = "../../modules/upload_bucket"

  name            = local.name
  key_arn         = local.key_arn
  expiration_days = var.expire_uploads ? 1 : null
}

module "avatar_events" {
  source = "../../modules/avatar_events"

  name             = local.name
  bucket_arn       = module.avatar_bucket.arn
  alarm_topic_arns = [module.alerts.topic_arn]
}

module "backup_vault" {
  source   = "../../modules/backup_vault"
  for_each = var.backup == null ? toset([]) : toset(["here"])

  name               = local.name
  key_arn            = local.key_arn
  min_retention_days = var.backup.min_retention_days
}

module "backup_copy" {
  source   = "../../modules/backup_vault"
  for_each = try(var.backup.copy_region, null) == null ? toset([]) : toset([var.backup.copy_region])

  providers = { aws = aws.copy }

  name               = local.name
  min_retention_days = var.backup.min_retention_days
}

module "backup" {
  source   = "../../modules/backup"
  for_each = module.backup_vault

  name          = local.name
  vault_name    = each.value.name
  resource_arns = [module.users_table.arn, module.avatar_bucket.arn] # not the uploads: their metadata must not be kept
  rules         = var.backup.rules
  volume_tag    = { key = "RosterBackup", value = local.name } # as the stack `platform` tags volumes of claims

  alarm_topic_arns = [module.alerts.topic_arn]
  # By its parts, which are known before the vault exists: whether there is one decides about an alarm.
  copy_vault_arn = one([for region, vault in module.backup_copy :
    "arn:${data.aws_partition.this.partition}:backup:${region}:${var.account_id}:backup-vault:${vault.name}"
  ])

  permissions_boundary = var.permissions_boundary
  role_path            = var.role_path
}
