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

run "ids_of_the_repository_replace_no_role" {
  command = plan
  variables { repository = "example@1/roster@2" }

  assert {
    condition     = keys(module.ci_identity) == ["example/roster"]
    error_message = "Roles, provider and boundary get another address: they are destroyed and created."
  }
}

run "roles_keep_their_address" {
  command = plan
  variables { repository = "example/roster" }

  assert {
    condition     = keys(module.ci_identity) == ["example/roster"]
    error_message = "Roles, provider and boundary get another address: they are destroyed and created."
  }
}

run "a_boundary_without_the_path_is_refused" {
  command = plan

  variables {
    environment          = "test"
    account_id           = "123456789012"
    role_path            = "/teams/roster/"
    permissions_boundary = "arn:aws:iam::123456789012:policy/roster-test-boundary"
  }

  expect_failures = [var.permissions_boundary]
}

run "the_boundary_is_below_the_path" {
  command = plan

  variables {
    environment          = "test"
    account_id           = "123456789012"
    repository           = "example/roster"
    role_path            = "/teams/roster/"
    permissions_boundary = "arn:aws:iam::123456789012:policy/teams/roster/roster-test-boundary"
  }

  assert {
    condition     = output.workload_boundary == var.permissions_boundary
    error_message = "The stack creates another boundary than the other stacks use."
  }
}
