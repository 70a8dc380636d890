# When AWS Backup copies table and bucket, and into which vaults.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}

locals {
  # Two roles: the one that the plan uses every night cannot write to tables or buckets; the one that can is passed by
  # the person who restores. AWS-managed policies, since the permissions that backup and restore need change with each
  # service.
  policies = {
    backup  = ["service-role/AWSBackupServiceRolePolicyForBackup", "AWSBackupServiceRolePolicyForS3Backup"]
    restore = ["service-role/AWSBackupServiceRolePolicyForRestores", "AWSBackupServiceRolePolicyForS3Restore"]
  }
}

resource "aws_backup_plan" "this" {
  name = var.name

  dynamic "rule" {
    for_each = var.rules

    content {
      rule_name         = rule.key
      target_vault_name = var.vault_name
      schedule          = rule.value.schedule
      start_window      = 60
      completion_window = 720

      # Of a bucket: to any second of the last days, as a table by itself. AWS Backup makes snapshots of what does not
      # support it. https://docs.aws.amazon.com/aws-backup/latest/devguide/point-in-time-recovery.html
      enable_continuous_backup = rule.value.continuous

      lifecycle {
        delete_after = rule.value.retention_days
      }

      dynamic "copy_action" {
        for_each = var.copy_vault_arn == null ? [] : [var.copy_vault_arn]

        content {
          destination_vault_arn = copy_action.value

          lifecycle {
            delete_after = rule.value.retention_days
          }
        }
      }
    }
  }
}

resource "aws_backup_selection" "this" {
  name         = var.name
  plan_id      = aws_backup_plan.this.id
  iam_role_arn = aws_iam_role.this["backup"].arn
  resources    = var.resource_arns
}

# Volumes of the cluster's claims. The driver that creates them tags them (modules/cluster).
resource "aws_backup_selection" "volumes" {
  count = var.volume_tag == null ? 0 : 1

  name         = "${var.name}-volumes"
  plan_id      = aws_backup_plan.this.id
  iam_role_arn = aws_iam_role.this["backup"].arn
  resources    = ["arn:${data.aws_partition.this.partition}:ec2:*:*:volume/*"]

  condition {
    string_equals {
      key   = "aws:ResourceTag/${var.volume_tag.key}"
      value = var.volume_tag.value
    }
  }
}

# Otherwise no one notices before a restore.
# https://docs.aws.amazon.com/aws-backup/latest/devguide/cloudwatch.html
resource "aws_cloudwatch_metric_alarm" "failed" {
  for_each = toset(["NumberOfBackupJobsFailed", "NumberOfBackupJobsExpired", "NumberOfCopyJobsFailed"])

  alarm_name        = "${var.name}-${each.key}"
  alarm_description = "AWS Backup did not make a backup or a copy: see its jobs in the console, or `aws backup list-backup-jobs --by-state FAILED`, `--by-state EXPIRED`, and `aws backup list-copy-jobs --by-state FAILED`."
  namespace         = "AWS/Backup"
  metric_name       = each.key
  # A copy counts for the vault that receives it, in the region of the one that it comes from.
  dimensions          = { BackupVaultName = each.key == "NumberOfCopyJobsFailed" ? try(element(split(":", var.copy_vault_arn), 6), var.vault_name) : var.vault_name }
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
}

resource "aws_iam_role" "this" {
  for_each = local.policies

  name                 = "${var.name}-${each.key}"
  path                 = var.role_path
  assume_role_policy   = data.aws_iam_policy_document.this.json
  permissions_boundary = var.permissions_boundary
}

# Only jobs of this account:
# https://docs.aws.amazon.com/aws-backup/latest/devguide/cross-service-confused-deputy-prevention.html. AWS documents
# `aws:SourceArn` only for topics, so it is not required here.
data "aws_iam_policy_document" "this" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["backup.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.this.account_id]
    }
  }
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each = merge([for role, policies in local.policies : { for policy in policies : policy => role }]...)

  role       = aws_iam_role.this[each.value].name
  policy_arn = "arn:${data.aws_partition.this.partition}:iam::aws:policy/${each.key}"
}

moved {
  from = aws_iam_role.this
  to   = aws_iam_role.this["backup"]
}
