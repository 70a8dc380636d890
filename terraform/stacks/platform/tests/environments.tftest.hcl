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

  mock_resource "aws_kms_key" {
    defaults        = { arn = "arn:aws:kms:eu-central-1:123456789012:key/1" }
    override_during = plan
  }
}

run "a_cluster_is_over_three_zones" {
  command = plan

  assert {
    condition     = length(module.network.private_subnet_ids) == 3 && module.cluster.name == "roster-${var.environment}"
    error_message = "Losing a zone loses the cluster, or two environments share a name."
  }
}

run "prod_is_private_and_has_a_nat_per_zone" {
  command = plan

  assert {
    condition     = var.environment != "prod" || (length(var.public_access_cidrs) == 0 && var.nat == "per_zone" && length(var.access.developer) == 0)
    error_message = "prod's API is on the internet, has one NAT, or developers may change it."
  }
}

run "one_nat_in_prod_is_refused" {
  command = plan

  variables {
    environment = "prod"
    nat         = "one"
  }

  expect_failures = [var.nat]
}

run "a_zone_of_another_region_is_refused" {
  command = plan
  variables { zones = ["us-east-1a", "us-east-1b"] }
  expect_failures = [var.zones]
}
