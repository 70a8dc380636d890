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

run "states_are_private_and_keep_their_past" {
  command = plan

  assert {
    condition     = aws_s3_bucket.this.bucket == "roster-test-states-123456789012" && !aws_s3_bucket.this.force_destroy
    error_message = "It is not named after its input and account, or is destroyed with the states."
  }

  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled" && aws_s3_bucket_public_access_block.this.restrict_public_buckets
    error_message = "A lost state cannot be brought back, or can be read by all."
  }

  assert {
    condition     = jsondecode(aws_s3_bucket_policy.this.policy).Statement[0].Condition == { Bool = { "aws:SecureTransport" = "false" } }
    error_message = "It is reached without TLS."
  }
}

run "a_name_in_capitals_is_refused" {
  command = plan
  variables { name = "States" }
  expect_failures = [var.name]
}
