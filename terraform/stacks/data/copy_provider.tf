# The region for copies of backups.
provider "aws" {
  alias               = "copy"
  region              = try(coalesce(var.backup.copy_region, var.region), var.region)
  allowed_account_ids = [var.account_id]

  default_tags {
    tags = local.tags
  }
}
