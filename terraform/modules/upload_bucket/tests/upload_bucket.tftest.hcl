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

run "a_bucket_has_the_account_in_its_name_and_admits_only_tls" {
  command = plan

  assert {
    condition     = output.arn == "arn:aws:s3:::roster-test-uploads-123456789012"
    error_message = "It is not named after its input and account."
  }

  assert {
    condition     = [for statement in jsondecode(module.bucket.protection.policy).Statement : statement.Sid] == ["TlsOnly"]
    error_message = "Its policy has more than the TLS statement."
  }
}

run "nothing_is_kept" {
  command = plan

  assert {
    condition     = !module.bucket.protection.versioned && module.bucket.protection.expiration_days == 1 && module.bucket.protection.force_destroy
    error_message = "Deleted or unclaimed bytes are kept, with the metadata of the images."
  }
}

run "without_days_nothing_expires" {
  command = plan
  variables { expiration_days = null }

  assert {
    condition     = module.bucket.protection.expiration_days == null
    error_message = "There is a rule anyway."
  }
}

run "a_customer_managed_key_encrypts" {
  command = plan
  variables { key_arn = "arn:aws:kms:eu-central-1:123456789012:key/1" }

  assert {
    condition     = module.bucket.protection.key_arn == var.key_arn
    error_message = "The bucket is not encrypted with the key."
  }
}

run "a_name_in_capitals_is_refused" {
  command = plan
  variables { name = "Roster" }
  expect_failures = [var.name]
}

run "a_malformed_key_arn_is_refused" {
  command = plan
  variables { key_arn = "alias/key" }
  expect_failures = [var.key_arn]
}

run "zero_days_are_refused" {
  command = plan
  variables { expiration_days = 0 }
  expect_failures = [var.expiration_days]
}
