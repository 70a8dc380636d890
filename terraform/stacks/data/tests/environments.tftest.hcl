# Wiring, with the values of each environment (`just tf-check`); modules have tests of their own.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Statement\":[]}" }
  }

  mock_resource "aws_sqs_queue" {
    defaults        = { arn = "arn:aws:sqs:eu-central-1:123456789012:queue" }
    override_during = plan
  }

  mock_resource "aws_kms_key" {
    defaults        = { arn = "arn:aws:kms:eu-central-1:123456789012:key/1" }
    override_during = plan
  }

  mock_resource "aws_backup_vault" {
    defaults        = { arn = "arn:aws:backup:eu-central-1:123456789012:backup-vault:roster" }
    override_during = plan
  }

  mock_resource "aws_dynamodb_table" {
    defaults        = { arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/users" }
    override_during = plan
  }
}

mock_provider "aws" {
  alias = "copy"

  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Statement\":[]}" }
  }
}

run "data_is_named_after_its_environment" {
  command = plan

  assert {
    condition     = module.users_table.name == "roster-${var.environment}-users" && aws_ssm_parameter.published.name == "/roster/${var.environment}/data"
    error_message = "Two environments share a name."
  }
}

run "the_bucket_names_its_environment_and_table" {
  command = plan

  assert {
    condition     = jsondecode(module.avatar_bucket.marker) == { environment = var.environment, table = module.users_table.name }
    error_message = "The bucket names another environment or table."
  }
}

run "a_restored_bucket_names_the_restored_table" {
  command = plan
  variables { generation = 2 }

  assert {
    condition     = jsondecode(module.avatar_bucket.marker).table == "roster-${var.environment}-users-2"
    error_message = "The bucket names the lost table."
  }
}

run "uploads_expire_except_on_emulators" {
  command = plan

  assert {
    condition     = var.expire_uploads == (var.environment != "local")
    error_message = "Unclaimed images are kept."
  }

  assert {
    condition     = module.upload_bucket.arn == "arn:aws:s3:::roster-${var.environment}-uploads-123456789012" && module.upload_bucket.arn == output.published.uploads_arn
    error_message = "The bucket is not named after its environment, or the other stacks get another one."
  }
}

run "data_of_prod_outlives_a_destroy_and_a_region" {
  command = plan

  assert {
    condition     = var.environment != "prod" || (!var.ephemeral && var.point_in_time_recovery && length(module.backup) == 1 && length(module.backup_copy) == 1 && var.own_key)
    error_message = "prod is ephemeral, has no backups, no copies of them, or no key of its own."
  }
}

run "a_key_without_use_still_decrypts" {
  command = plan

  variables {
    own_key  = false
    keep_key = true
  }

  assert {
    condition     = join(" ", output.published.key_arns) == "arn:aws:kms:eu-central-1:123456789012:key/1" && local.key_arn == null
    error_message = "The key is destroyed, no part may use it, or new data is encrypted with it."
  }
}

run "a_lost_key_in_prod_is_refused" {
  command = plan

  variables {
    environment            = "prod"
    ephemeral              = false
    point_in_time_recovery = true
    expire_uploads         = true
    own_key                = false
    backup                 = {}
  }

  expect_failures = [var.keep_key]
}

run "a_lost_key_in_stage_is_refused" {
  command = plan

  variables {
    environment = "stage"
    ephemeral   = false
    own_key     = false
    backup      = null
  }

  expect_failures = [var.keep_key]
}

run "an_ephemeral_environment_may_lose_its_key" {
  command = plan

  variables {
    environment          = "dev"
    account_id           = "123456789012"
    permissions_boundary = null
    ephemeral            = true
    own_key              = false
    backup               = null
  }

  assert {
    condition     = length(module.key) == 0
    error_message = "A key is created that encrypts nothing."
  }
}

run "an_environment_that_never_had_a_key_gets_none" {
  command = plan

  variables {
    environment            = "prod"
    account_id             = "123456789012"
    permissions_boundary   = null
    ephemeral              = false
    point_in_time_recovery = true
    expire_uploads         = true
    own_key                = false
    keep_key               = false
    backup                 = {}
  }

  assert {
    condition     = length(module.key) == 0 && length(output.published.key_arns) == 0
    error_message = "A key is created that encrypts nothing."
  }
}

run "a_bucket_of_prod_without_continuous_backups_is_refused" {
  command = plan

  variables {
    environment            = "prod"
    ephemeral              = false
    point_in_time_recovery = true
    expire_uploads         = true
    own_key                = true
    backup                 = { rules = { daily = { schedule = "cron(0 3 * * ? *)", retention_days = 35 } } }
  }

  expect_failures = [var.backup]
}

run "alarms_are_encrypted_except_on_emulators" {
  command = plan

  assert {
    condition     = (length(module.alerts_key) == 1) == (var.environment != "local")
    error_message = "Alarms have no key."
  }
}

run "ephemeral_data_in_prod_is_refused" {
  command = plan

  variables {
    environment            = "prod"
    ephemeral              = true
    point_in_time_recovery = true
    expire_uploads         = true
    own_key                = true
    backup                 = {}
  }

  expect_failures = [var.ephemeral]
}

run "no_recovery_in_prod_is_refused" {
  command = plan

  variables {
    environment            = "prod"
    ephemeral              = false
    point_in_time_recovery = false
    expire_uploads         = true
    own_key                = true
    backup                 = {}
  }

  expect_failures = [var.point_in_time_recovery]
}

run "uploads_that_stay_in_prod_are_refused" {
  command = plan

  variables {
    environment            = "prod"
    ephemeral              = false
    point_in_time_recovery = true
    expire_uploads         = false
    own_key                = true
    backup                 = {}
  }

  expect_failures = [var.expire_uploads]
}

run "copies_in_the_same_region_are_refused" {
  command = plan
  variables { backup = { copy_region = var.region } }
  expect_failures = [var.backup]
}

run "a_malformed_account_is_refused" {
  command = plan

  variables {
    account_id           = "12"
    permissions_boundary = null
  }

  expect_failures = [var.account_id]
}

run "a_malformed_region_is_refused" {
  command = plan
  variables { region = "Frankfurt" }
  expect_failures = [var.region]
}

run "an_environment_in_capitals_is_refused" {
  command = plan
  variables { environment = "Prod" }
  expect_failures = [var.environment]
}

run "a_path_without_its_slashes_is_refused" {
  command = plan
  variables { role_path = "teams" }
  expect_failures = [var.role_path]
}

run "another_environment_in_the_tags_is_refused" {
  command = plan
  variables { tags = { Environment = "other" } }
  expect_failures = [var.tags]
}

run "tags_that_the_volume_driver_cannot_read_are_refused" {
  command = plan
  variables { tags = { Owners = "one,two" } }
  expect_failures = [var.tags]
}

run "tags_of_kubernetes_are_refused" {
  command = plan
  variables { tags = { "kubernetes.io/cluster/other" = "owned" } }
  expect_failures = [var.tags]
}

run "the_boundary_of_another_account_is_refused" {
  command = plan
  variables { permissions_boundary = "arn:aws:iam::999999999999:policy/roster-test-boundary" }
  expect_failures = [var.permissions_boundary]
}
