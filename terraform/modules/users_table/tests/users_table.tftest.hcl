provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

variables {
  name        = "roster-test"
  environment = "test"
}

run "a_table_is_protected" {
  command = plan

  assert {
    condition     = aws_dynamodb_table.this.name == "roster-test-users" && aws_dynamodb_table.this.billing_mode == "PAY_PER_REQUEST"
    error_message = "It is not named after its input, or not on demand."
  }

  assert {
    condition     = aws_dynamodb_table.this.deletion_protection_enabled && aws_dynamodb_table.this.point_in_time_recovery[0].enabled
    error_message = "It can be deleted, or cannot be restored."
  }

  assert {
    condition     = { for index in aws_dynamodb_table.this.global_secondary_index : index.hash_key => index.projection_type } == { md5 = "KEYS_ONLY", other_id = "KEYS_ONLY", other_md5 = "KEYS_ONLY" }
    error_message = "Clients of Libravatar cannot find users by every hash of their e-mail."
  }

  assert {
    condition     = jsondecode(aws_dynamodb_table_item.environment.item) == { id = { S = "#roster" }, environment = { S = "test" } }
    error_message = "The marker of whose data it holds is missing."
  }
}

run "a_customer_managed_key_encrypts" {
  command = plan
  variables { key_arn = "arn:aws:kms:eu-central-1:123456789012:key/1" }

  assert {
    condition     = aws_dynamodb_table.this.server_side_encryption[0].enabled && aws_dynamodb_table.this.server_side_encryption[0].kms_key_arn == var.key_arn
    error_message = "The table is not encrypted with the key."
  }
}

run "a_name_in_capitals_is_refused" {
  command = plan
  variables { name = "Roster" }
  expect_failures = [var.name]
}

run "an_environment_with_blanks_is_refused" {
  command = plan
  variables { environment = "my environment" }
  expect_failures = [var.environment]
}

run "a_malformed_key_arn_is_refused" {
  command = plan
  variables { key_arn = "alias/key" }
  expect_failures = [var.key_arn]
}

run "a_restored_one_has_another_name" {
  command = plan
  variables { generation = 2 }

  assert {
    condition     = aws_dynamodb_table.this.name == "roster-test-users-2"
    error_message = "It has the name of the lost one."
  }
}

run "the_first_generation_by_number_is_refused" {
  command = plan
  variables { generation = 1 }
  expect_failures = [var.generation]
}
