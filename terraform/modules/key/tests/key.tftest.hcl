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

variables { name = "roster-test" }

run "a_key_is_rotated_every_year" {
  command = plan

  assert {
    condition     = aws_kms_key.this.enable_key_rotation && aws_kms_alias.this.name == "alias/roster-test"
    error_message = "It is not rotated, or has another name."
  }

  assert {
    condition     = [for statement in jsondecode(aws_kms_key.this.policy).Statement : statement.Principal] == [{ AWS = "arn:aws:iam::123456789012:root" }]
    error_message = "A principal other than the account controls the key."
  }
}

run "services_use_it_for_this_account" {
  command = plan
  variables { services = ["cloudfront.amazonaws.com"] }

  assert {
    condition     = jsondecode(aws_kms_key.this.policy).Statement[1].Condition == { ArnLike = { "aws:SourceArn" = "arn:aws:*:*:123456789012:*" } }
    error_message = "A service may use it for another account."
  }

  # SNS calls these for CloudWatch, and S3 for CloudFront.
  assert {
    condition     = jsondecode(aws_kms_key.this.policy).Statement[1].Action == ["kms:GenerateDataKey*", "kms:Decrypt"]
    error_message = "A service may do more than encrypt and decrypt."
  }
}

run "logs_are_encrypted_by_choice" {
  command = plan
  variables { log_groups = ["/aws/lambda/roster-test-*"] }

  assert {
    condition     = jsondecode(aws_kms_key.this.policy).Statement[1].Condition == { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/roster-test-*" } }
    error_message = "CloudWatch Logs may use the key for other log groups, or not at all."
  }
}

run "all_log_groups_are_refused" {
  command = plan
  variables { log_groups = ["*"] }
  expect_failures = [var.log_groups]
}

run "a_name_in_capitals_is_refused" {
  command = plan
  variables { name = "Roster" }
  expect_failures = [var.name]
}

run "a_malformed_service_is_refused" {
  command = plan
  variables { services = ["s3"] }
  expect_failures = [var.services]
}

run "a_day_is_refused" {
  command = plan
  variables { deletion_window_days = 1 }
  expect_failures = [var.deletion_window_days]
}
