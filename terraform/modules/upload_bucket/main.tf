# The bucket of direct uploads: the bytes that clients put by a presigned URL, until a user gets them as avatar. Private,
# TLS only, and without versions or backups: Roster removes the metadata of images, so it must not be kept here.

data "aws_caller_identity" "this" {}

module "bucket" {
  source = "../private_bucket"

  bucket          = "${var.name}-uploads-${data.aws_caller_identity.this.account_id}"
  key_arn         = var.key_arn
  versioned       = false
  noncurrent_days = null
  expiration_days = var.expiration_days
  force_destroy   = true # what waits can be sent again
}
