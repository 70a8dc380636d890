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

variables { name = "roster-test-states" }

run "states_have_the_account_in_their_name_and_keep_versions" {
  command = plan

  assert {
    condition     = module.bucket.arn == "arn:aws:s3:::roster-test-states-123456789012" && !module.bucket.protection.force_destroy
    error_message = "It is not named after its input and account, or is destroyed with the states."
  }

  assert {
    condition     = module.bucket.protection.versioned && module.bucket.protection.noncurrent_days == 90 && jsondecode(module.bucket.protection.policy).Statement[0].Condition == { Bool = { "aws:SecureTransport" = "false" } }
    error_message = "A lost state cannot be restored, or is accessible without TLS."
  }
}

run "a_name_in_capitals_is_refused" {
  command = plan
  variables { name = "States" }
  expect_failures = [var.name]
}
