# The bucket of Terraform's states. It locks by objects of its own (`use_lockfile`), so there is no table. A state that was lost or
# overwritten is an earlier version away.

data "aws_caller_identity" "this" {}

module "bucket" {
  source = "../private_bucket"

  bucket          = "${var.name}-${data.aws_caller_identity.this.account_id}"
  key_arn         = var.key_arn
  noncurrent_days = 90
  force_destroy   = var.force_destroy
}
