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
}

run "states_are_named_after_their_environment" {
  command = plan

  assert {
    condition     = strcontains(module.state.arn, ":::roster-${var.environment}-states-")
    error_message = "Two environments share a bucket."
  }
}
