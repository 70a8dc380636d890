# The bucket of Terraform states. Locks are objects in it (`use_lockfile`), so there is no table. A lost or overwritten
# state can be restored from an earlier version.

data "aws_caller_identity" "this" {}

module "bucket" {
  source = "../private_bucket"

  bucket          = "${var.name}-${data.aws_caller_identity.this.account_id}"
  key_arn         = var.key_arn
  noncurrent_days = 90
  force_destroy   = var.force_destroy
}
