# The bucket of avatars and their renditions: private, versioned, TLS only; it notifies a queue of each new avatar.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}

locals {
  generation     = var.generation == null ? "" : "-${var.generation}"
  error_page_key = "errors/not-found.json"
}

module "bucket" {
  source = "../private_bucket"

  bucket          = "${var.name}-avatars${local.generation}-${data.aws_caller_identity.this.account_id}"
  policy          = var.cloudfront_reads ? data.aws_iam_policy_document.cloudfront.json : null
  key_arn         = var.key_arn
  noncurrent_days = var.noncurrent_days
  force_destroy   = var.force_destroy
}

# It may get objects but not list them: a distribution that may list the bucket would return its keys for `GET /`.
# Without that right S3 returns 403 for a missing object, which the module `delivery` turns into a 404.
data "aws_iam_policy_document" "cloudfront" {
  statement {
    sid       = "CloudFrontGetObject"
    actions   = ["s3:GetObject"]
    resources = ["${module.bucket.arn}/avatars/*", "${module.bucket.arn}/${local.error_page_key}"]

    principals {
      type        = "Service"
      identifiers = ["cloudfront.amazonaws.com"]
    }

    # Any distribution of this account, so that one can be recreated without changing the bucket.
    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${data.aws_partition.this.partition}:cloudfront::${data.aws_caller_identity.this.account_id}:distribution/*"]
    }
  }
}

# AWS Backup follows the bucket by EventBridge, and its continuous backups stop without it:
# https://docs.aws.amazon.com/aws-backup/latest/devguide/s3-backups.html
resource "aws_s3_bucket_notification" "this" {
  bucket      = module.bucket.name
  eventbridge = var.backed_up

  queue {
    id            = "avatars"
    queue_arn     = var.queue_arn
    events        = ["s3:ObjectCreated:*"]
    filter_prefix = "avatars/"
  }
}
