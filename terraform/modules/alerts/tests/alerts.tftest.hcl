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

run "alarms_of_this_account_reach_people" {
  command = plan
  variables { emails = ["ops@example.org"] }

  assert {
    condition     = aws_sns_topic.this.name == "roster-test-alerts" && aws_sns_topic_subscription.email["ops@example.org"].protocol == "email"
    error_message = "No address is subscribed."
  }
}

run "alarms_are_encrypted_with_the_key" {
  command = plan
  variables { key_arn = "arn:aws:kms:eu-central-1:123456789012:key/1" }

  assert {
    condition     = aws_sns_topic.this.kms_master_key_id == var.key_arn
    error_message = "Alarms are not encrypted."
  }
}

run "a_name_in_capitals_is_refused" {
  command = plan
  variables { name = "Roster" }
  expect_failures = [var.name]
}

run "a_malformed_address_is_refused" {
  command = plan
  variables { emails = ["ops"] }
  expect_failures = [var.emails]
}
