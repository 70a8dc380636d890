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

variables {
  name  = "roster-test"
  zones = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
}

run "three_tiers_over_three_zones" {
  command = plan

  assert {
    condition     = alltrue([for tier in [aws_subnet.public, aws_subnet.private, aws_subnet.data] : toset(keys(tier)) == toset(var.zones)])
    error_message = "A tier is not in every zone."
  }

  assert {
    condition     = length(distinct(concat([for s in aws_subnet.public : s.cidr_block], [for s in aws_subnet.private : s.cidr_block], [for s in aws_subnet.data : s.cidr_block]))) == 9
    error_message = "Two subnets have the same addresses."
  }

  assert {
    condition     = alltrue([for subnet in aws_subnet.public : !subnet.map_public_ip_on_launch])
    error_message = "Instances in a public subnet get a public address."
  }

  assert {
    condition     = aws_subnet.private["eu-central-1a"].cidr_block == "10.0.0.0/18" && aws_subnet.public["eu-central-1a"].cidr_block == "10.0.192.0/24" && aws_subnet.data["eu-central-1a"].cidr_block == "10.0.200.0/24"
    error_message = "The addresses changed: an upgrade of the module would recreate every subnet."
  }

  assert {
    condition     = toset(keys(aws_nat_gateway.this)) == toset(var.zones)
    error_message = "A zone has no NAT of its own."
  }

  assert {
    condition     = toset(keys(aws_vpc_endpoint.gateway)) == toset(["s3", "dynamodb"]) && length(aws_flow_log.this) == 1
    error_message = "Store calls go through NAT, or there are no flow logs."
  }
}

run "only_nodes_have_internet_access" {
  command = plan

  assert {
    condition     = toset(keys(aws_route.private)) == toset(var.zones) && aws_route.public.destination_cidr_block == "0.0.0.0/0"
    error_message = "Nodes have no internet access."
  }
}

run "one_nat_serves_all" {
  command = plan
  variables { nat = "one" }

  assert {
    condition     = keys(aws_nat_gateway.this) == ["eu-central-1a"]
    error_message = "There is more than one."
  }
}

run "interface_endpoints_are_reached_from_the_vpc" {
  command = plan
  variables { interface_endpoints = ["sqs"] }

  assert {
    condition     = aws_vpc_endpoint.interface["sqs"].service_name == "com.amazonaws.eu-central-1.sqs" && aws_vpc_security_group_ingress_rule.endpoints[0].cidr_ipv4 == "10.0.0.0/16"
    error_message = "The endpoint is for another service, or open to all."
  }
}

run "a_name_in_capitals_is_refused" {
  command = plan
  variables { name = "Roster" }
  expect_failures = [var.name]
}

run "too_small_a_network_is_refused" {
  command = plan
  variables { cidr = "10.0.0.0/20" }
  expect_failures = [var.cidr]
}

run "one_zone_is_refused" {
  command = plan
  variables { zones = ["eu-central-1a"] }
  expect_failures = [var.zones]
}

run "another_nat_is_refused" {
  command = plan
  variables { nat = "two" }
  expect_failures = [var.nat]
}

run "another_retention_is_refused" {
  command = plan
  variables { flow_log_days = 2 }
  expect_failures = [var.flow_log_days]
}

run "flow_logs_of_this_account_write_within_the_boundary" {
  command = plan
  variables { permissions_boundary = "arn:aws:iam::123456789012:policy/roster-test-boundary" }

  assert {
    condition = jsondecode(aws_iam_role.flow[0].assume_role_policy).Statement[0].Condition == {
      StringEquals = { "aws:SourceAccount" = "123456789012" }
      ArnLike      = { "aws:SourceArn" = "arn:aws:ec2:eu-central-1:123456789012:vpc-flow-log/*" }
    }
    error_message = "Flow logs of another account may assume the role."
  }

  assert {
    condition     = aws_iam_role.flow[0].permissions_boundary == var.permissions_boundary
    error_message = "The role has no boundary."
  }
}

run "a_boundary_by_its_name_is_refused" {
  command = plan
  variables { permissions_boundary = "roster-dev-boundary" }
  expect_failures = [var.permissions_boundary]
}

run "a_path_without_its_slashes_is_refused" {
  command = plan
  variables { role_path = "teams" }
  expect_failures = [var.role_path]
}

run "endpoints_reach_this_account_only_by_choice" {
  command = plan

  variables {
    own_account_endpoints = true
    interface_endpoints   = ["sqs", "sts"]
  }

  assert {
    condition = { for service, endpoint in aws_vpc_endpoint.gateway : service => jsondecode(endpoint.policy).Statement[0].Condition } == {
      for service in ["dynamodb", "s3"] : service => { StringEquals = { "aws:ResourceAccount" = "123456789012" } }
    }
    error_message = "Pods reach tables or buckets of another account."
  }

  assert {
    condition = jsondecode(aws_vpc_endpoint.gateway["s3"].policy).Statement[1].Resource == [
      "arn:aws:s3:::prod-registry-k8s-io-eu-central-1/*", "arn:aws:s3:::prod-eu-central-1-starport-layer-bucket/*",
      "arn:aws:s3:::al2023-repos-eu-central-1-de612dc2/*",
    ]
    error_message = "Nodes cannot pull images of ECR or of registry.k8s.io, or reach more buckets."
  }

  assert {
    condition     = jsondecode(aws_vpc_endpoint.interface["sqs"].policy).Statement[0].Action == "sqs:*" && !contains(keys(local.endpoint_policies), "sts")
    error_message = "Pods reach queues of another account, or nodes do not get credentials."
  }
}

# Null would leave the policy of an endpoint as it is.
run "endpoints_are_opened_again" {
  command = plan
  variables { interface_endpoints = ["sqs", "logs"] }

  assert {
    condition = alltrue([for endpoint in concat(values(aws_vpc_endpoint.gateway), values(aws_vpc_endpoint.interface)) :
      endpoint.policy != null && jsondecode(endpoint.policy).Statement == [{ Effect = "Allow", Principal = "*", Action = "*", Resource = "*" }]
    ])
    error_message = "own_account_endpoints = false leaves the policies that it had."
  }
}

run "load_balancers_connect_from_the_public_subnets" {
  command = plan
  variables { cidr = "10.10.0.0/16" }

  assert {
    condition     = join(" ", values(output.public_subnet_cidrs)) == join(" ", [for at in range(length(var.zones)) : "10.10.${192 + at}.0/24"])
    error_message = "Network policies would admit other addresses."
  }
}
