provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

override_data {
  target = data.aws_caller_identity.this
  values = { account_id = "123456789012" }
}

variables {
  name          = "roster-test"
  vault_name    = "roster-test"
  resource_arns = ["arn:aws:dynamodb:eu-central-1:123456789012:table/users", "arn:aws:s3:::avatars"]
}

run "both_are_backed_up_every_day" {
  command = plan

  assert {
    condition     = toset(aws_backup_selection.this.resources) == toset(var.resource_arns)
    error_message = "A resource is not backed up."
  }

  assert {
    condition     = { for rule in aws_backup_plan.this.rule : rule.rule_name => rule.lifecycle[0].delete_after } == { daily = 35, monthly = 365 }
    error_message = "Backups are not made daily, or not kept."
  }
}

run "a_bucket_can_be_restored_to_the_second_of_the_table" {
  command = plan

  assert {
    condition     = { for rule in aws_backup_plan.this.rule : rule.rule_name => rule.enable_continuous_backup } == { daily = true, monthly = false }
    error_message = "The bucket can only be restored to the night: images that the table names are missing."
  }
}

run "continuous_backups_of_a_year_are_refused" {
  command = plan
  variables { rules = { daily = { schedule = "cron(0 3 * * ? *)", retention_days = 365, continuous = true } } }
  expect_failures = [var.rules]
}

run "two_continuous_backups_are_refused" {
  command = plan
  variables {
    rules = {
      one = { schedule = "cron(0 3 * * ? *)", retention_days = 7, continuous = true }
      two = { schedule = "cron(0 4 * * ? *)", retention_days = 7, continuous = true }
    }
  }
  expect_failures = [var.rules]
}

run "volumes_with_the_tag_are_backed_up" {
  command = plan
  variables { volume_tag = { key = "RosterBackup", value = "roster-test" } }

  assert {
    condition     = one(one(aws_backup_selection.volumes[0].condition).string_equals) == { key = "aws:ResourceTag/RosterBackup", value = "roster-test" }
    error_message = "Volumes of claims are in no backup, or all volumes of the account are."
  }
}

run "a_failed_backup_raises_an_alarm" {
  command = plan

  variables {
    alarm_topic_arns = ["arn:aws:sns:eu-central-1:123456789012:alerts"]
    copy_vault_arn   = "arn:aws:backup:eu-west-1:123456789012:backup-vault:copies"
  }

  assert {
    condition     = toset(keys(aws_cloudwatch_metric_alarm.failed)) == toset(["NumberOfBackupJobsFailed", "NumberOfBackupJobsExpired", "NumberOfCopyJobsFailed"])
    error_message = "A failure is not noticed before a restore."
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.failed : alarm.alarm_actions == toset(var.alarm_topic_arns)])
    error_message = "An alarm notifies no one."
  }

  assert {
    condition = { for name, alarm in aws_cloudwatch_metric_alarm.failed : name => alarm.dimensions.BackupVaultName } == {
      NumberOfBackupJobsFailed = "roster-test", NumberOfBackupJobsExpired = "roster-test", NumberOfCopyJobsFailed = "copies"
    }
    error_message = "An alarm watches a vault that its jobs do not name: failed copies count for the vault that receives them."
  }
}

run "copies_go_to_the_second_region" {
  command = plan
  variables { copy_vault_arn = "arn:aws:backup:eu-west-1:123456789012:backup-vault:roster-test" }

  assert {
    condition     = alltrue([for rule in aws_backup_plan.this.rule : one(rule.copy_action).destination_vault_arn == var.copy_vault_arn])
    error_message = "Backups are not copied to the other region."
  }
}

run "the_backup_role_does_not_restore" {
  command = plan

  assert {
    condition = { for role in ["backup", "restore"] : role => join(" ", sort([
      for attachment in aws_iam_role_policy_attachment.this : basename(attachment.policy_arn) if attachment.role == "roster-test-${role}"
      ])) } == {
      backup  = "AWSBackupServiceRolePolicyForBackup AWSBackupServiceRolePolicyForS3Backup"
      restore = "AWSBackupServiceRolePolicyForRestores AWSBackupServiceRolePolicyForS3Restore"
    }
    error_message = "A role may both back up and restore, or neither."
  }

  assert {
    condition     = alltrue([for role in aws_iam_role.this : jsondecode(role.assume_role_policy).Statement[0].Condition == { StringEquals = { "aws:SourceAccount" = "123456789012" } }])
    error_message = "AWS Backup may assume a role for another account."
  }
}

run "roles_are_within_the_boundary" {
  command = plan
  variables { permissions_boundary = "arn:aws:iam::123456789012:policy/roster-test-boundary" }

  assert {
    condition     = alltrue([for role in aws_iam_role.this : role.permissions_boundary == var.permissions_boundary])
    error_message = "A role has no boundary."
  }
}

run "a_name_in_capitals_is_refused" {
  command = plan
  variables { name = "Roster" }
  expect_failures = [var.name]
}

run "no_resource_is_refused" {
  command = plan
  variables { resource_arns = [] }
  expect_failures = [var.resource_arns]
}

run "a_schedule_in_words_is_refused" {
  command = plan
  variables { rules = { daily = { schedule = "daily", retention_days = 1 } } }
  expect_failures = [var.rules]
}

run "a_vault_by_its_name_is_refused" {
  command = plan
  variables { copy_vault_arn = "roster" }
  expect_failures = [var.copy_vault_arn]
}

run "a_boundary_by_its_name_is_refused" {
  command = plan
  variables { permissions_boundary = "roster-dev-boundary" }
  expect_failures = [var.permissions_boundary]
}

run "a_path_without_its_slashes_is_refused" {
  command = plan
  variables { role_path = "teams" }
  expect_failures = [var.role_path]
}
