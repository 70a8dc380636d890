# The examples, as written.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_region" {
    defaults = { id = "eu-central-1" }
  }

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Statement\":[]}" }
  }

  mock_data "aws_ssm_parameter" {
    defaults = { insecure_value = "1.36.3-20260903" }
  }

  mock_resource "aws_eks_cluster" {
    defaults = {
      arn                   = "arn:aws:eks:eu-central-1:123456789012:cluster/roster"
      certificate_authority = [{ data = "" }]
      identity              = [{ oidc = [{ issuer = "https://oidc.eks.eu-central-1.amazonaws.com/id/1" }] }]
    }
    override_during = plan
  }

  mock_resource "aws_iam_openid_connect_provider" {
    defaults        = { arn = "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/1" }
    override_during = plan
  }
}

run "the_minimal_example_plans" {
  command = plan

  module {
    source = "./examples/minimal"
  }
}

run "the_complete_example_plans" {
  command = plan

  module {
    source = "./examples/complete"
  }
}
