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

  mock_resource "aws_kms_key" {
    defaults        = { arn = "arn:aws:kms:eu-central-1:123456789012:key/1" }
    override_during = plan
  }
}

run "a_cluster_is_over_three_zones" {
  command = plan

  assert {
    condition     = length(local.network.private_subnet_ids) == 3 && module.cluster.name == "roster-${var.environment}"
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

run "a_cluster_of_people_without_access_is_refused" {
  command = plan

  variables {
    public_access_cidrs = []
    nodes               = { session_manager = false }
  }

  expect_failures = [var.api_client_cidrs]
}

run "an_existing_vpc_is_used" {
  command = plan

  variables {
    cidr                  = null
    zones                 = []
    own_account_endpoints = false
    interface_endpoints   = []
    flow_log_days         = null
    existing_network = {
      vpc_id              = "vpc-1"
      private_subnet_ids  = { eu-central-1a = "subnet-a", eu-central-1b = "subnet-b" }
      public_subnet_cidrs = ["10.9.0.0/24", "10.9.1.0/24"]
    }
  }

  assert {
    condition     = length(module.network) == 0 && output.published.vpc_id == "vpc-1" && join(" ", output.published.load_balancer_cidrs) == "10.9.0.0/24 10.9.1.0/24"
    error_message = "A VPC is created, or the other stacks get another one."
  }
}

run "an_existing_vpc_and_a_new_one_are_refused" {
  command = plan
  variables {
    existing_network = { vpc_id = "vpc-1", private_subnet_ids = {}, public_subnet_cidrs = [] }
  }
  expect_failures = [var.existing_network]
}

run "endpoints_of_an_existing_vpc_are_refused" {
  command = plan

  variables {
    cidr                  = null
    zones                 = []
    own_account_endpoints = true
    interface_endpoints   = []
    flow_log_days         = null
    existing_network      = { vpc_id = "vpc-1", private_subnet_ids = { eu-central-1a = "subnet-a", eu-central-1b = "subnet-b" }, public_subnet_cidrs = [] }
  }

  expect_failures = [var.existing_network]
}

run "nodes_of_prod_change_only_by_their_value" {
  command = plan

  assert {
    condition     = var.environment != "prod" || var.nodes.release_version != null
    error_message = "An unrelated apply replaces every node of prod."
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
