# A state of the previous layout is adopted: a mocked provider gives each bucket that it creates a new name.

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
}

run "before" {
  state_key = "upgraded"

  module {
    source = "./tests/before"
  }
}

run "an_upgrade_keeps_the_bucket" {
  state_key = "upgraded"

  variables {
    name        = "roster-test"
    environment = "test"
    table_name  = "roster-test-users"
    queue_arn   = "arn:aws:sqs:eu-central-1:123456789012:roster-test-avatars"
  }

  assert {
    condition     = output.name == run.before.name
    error_message = "The bucket was recreated: a `moved` block is missing."
  }
}
