# A customer-managed key for data at rest, which can be revoked, and whose use is visible in CloudTrail.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

resource "aws_kms_key" "this" {
  description             = "Data of ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = var.deletion_window_days
  policy                  = data.aws_iam_policy_document.this.json
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this.key_id
}

data "aws_iam_policy_document" "this" {
  # checkov:skip=CKV_AWS_109: the account controls its key
  # checkov:skip=CKV_AWS_111: "*" in a key's policy is this key
  # checkov:skip=CKV_AWS_356: "*" in a key's policy is this key
  # IAM policies of the account decide who may use it; without this statement the key could never be changed again.
  statement {
    sid       = "AccountDecides"
    actions   = ["kms:*"]
    resources = ["*"] # of a key's policy: this key

    principals {
      type        = "AWS"
      identifiers = ["arn:${data.aws_partition.this.partition}:iam::${data.aws_caller_identity.this.account_id}:root"]
    }
  }

  dynamic "statement" {
    for_each = length(var.services) > 0 ? [var.services] : []

    content {
      sid       = "ServicesOfThisAccount"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
      resources = ["*"] # of a key's policy: this key

      principals {
        type        = "Service"
        identifiers = statement.value
      }

      # For any resource of this account, by its ARN: CloudFront does not send `aws:SourceAccount`.
      condition {
        test     = "ArnLike"
        variable = "aws:SourceArn"
        values   = ["arn:${data.aws_partition.this.partition}:*:*:${data.aws_caller_identity.this.account_id}:*"]
      }
    }
  }

  # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
  dynamic "statement" {
    for_each = length(var.log_groups) > 0 ? [var.log_groups] : []

    content {
      sid       = "LogsOfThisAccount"
      actions   = ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"]
      resources = ["*"] # of a key's policy: this key

      principals {
        type        = "Service"
        identifiers = ["logs.${data.aws_region.this.id}.amazonaws.com"]
      }

      condition {
        test     = "ArnLike"
        variable = "kms:EncryptionContext:aws:logs:arn"
        values = [for name in statement.value :
          "arn:${data.aws_partition.this.partition}:logs:${data.aws_region.this.id}:${data.aws_caller_identity.this.account_id}:log-group:${name}"
        ]
      }
    }
  }
}
