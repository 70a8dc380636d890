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

# Values that AWS returns only once the cluster exists.
override_resource {
  target          = aws_eks_cluster.this
  override_during = plan
  values = {
    arn                   = "arn:aws:eks:eu-central-1:123456789012:cluster/roster-test"
    certificate_authority = [{ data = "" }]
    identity              = [{ oidc = [{ issuer = "https://oidc.eks.eu-central-1.amazonaws.com/id/1" }] }]
  }
}

override_resource {
  target          = aws_iam_openid_connect_provider.this
  override_during = plan
  values          = { arn = "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/1" }
}

override_data {
  target = data.aws_ssm_parameter.ami
  values = { insecure_value = "1.36.1-20260901" }
}

override_data {
  target = data.aws_ssm_parameter.newest
  values = { insecure_value = "1.36.1-20260901" }
}

override_module {
  target  = module.controller
  outputs = { role_arn = "arn:aws:iam::123456789012:role/controller", role_name = "controller" }
}

variables {
  name               = "roster-test"
  kubernetes_version = "1.36"
  subnet_ids         = { eu-central-1a = "subnet-a", eu-central-1b = "subnet-b", eu-central-1c = "subnet-c" }
  key_arn            = "arn:aws:kms:eu-central-1:123456789012:key/1"
  addons             = { vpc-cni = "v1.22.4-eksbuild.3", kube-proxy = "v1.36.0-eksbuild.25", eks-pod-identity-agent = "v1.3.10-eksbuild.3", coredns = "v1.14.3-eksbuild.23", aws-ebs-csi-driver = "v1.66.0-eksbuild.1" }
  access = {
    full      = ["arn:aws:iam::123456789012:role/platform"]
    developer = ["arn:aws:iam::123456789012:role/developer"]
    read_only = ["arn:aws:iam::123456789012:role/read-only"]
  }
}

run "the_control_plane_is_private_logged_and_encrypts_secrets" {
  command = plan

  assert {
    condition     = !aws_eks_cluster.this.vpc_config[0].endpoint_public_access && aws_eks_cluster.this.vpc_config[0].endpoint_private_access
    error_message = "The Kubernetes API is on the internet by default."
  }

  assert {
    condition     = length(aws_eks_cluster.this.enabled_cluster_log_types) == 5 && aws_eks_cluster.this.encryption_config[0].provider[0].key_arn == var.key_arn
    error_message = "A log type is missing, or Secrets are not encrypted with the key."
  }

  assert {
    condition     = aws_eks_cluster.this.access_config[0].authentication_mode == "API" && !aws_eks_cluster.this.access_config[0].bootstrap_cluster_creator_admin_permissions
    error_message = "Access is not controlled by access entries only."
  }
}

run "nodes_are_in_every_zone_and_keep_their_credentials" {
  command = plan

  assert {
    condition     = tomap({ for zone, group in aws_eks_node_group.this : zone => one(group.subnet_ids) }) == var.subnet_ids
    error_message = "A zone has no group of its own."
  }

  assert {
    condition     = alltrue([for group in aws_eks_node_group.this : group.version == var.kubernetes_version])
    error_message = "Nodes keep their version when the control plane is upgraded."
  }

  assert {
    condition     = aws_launch_template.node.metadata_options[0].http_tokens == "required" && aws_launch_template.node.metadata_options[0].http_put_response_hop_limit == 1
    error_message = "Pods can reach the credentials of their node."
  }

  assert {
    condition     = aws_launch_template.node.block_device_mappings[0].ebs[0].encrypted == "true"
    error_message = "Disks are not encrypted."
  }
}

# By Terraform's own plan of the change: tests/aws/terraform/test_emulated.py.
run "a_group_that_must_be_replaced_exists_beside_the_old_one" {
  command = plan

  assert {
    condition     = { for zone, group in aws_eks_node_group.this : zone => group.node_group_name_prefix } == { for zone in keys(var.subnet_ids) : zone => "${zone}-" }
    error_message = "Two groups of a zone cannot exist at once: their names are fixed."
  }

  assert {
    condition     = alltrue([for group in aws_eks_node_group.this : !group.force_update_version && group.update_config[0].max_unavailable == 1])
    error_message = "An update ends more than a node at a time, or pods that a disruption budget protects."
  }
}

run "nodes_have_the_newest_ami_of_their_version" {
  command = plan

  assert {
    condition     = data.aws_ssm_parameter.ami[0].name == "/aws/service/eks/optimized-ami/1.36/amazon-linux-2023/arm64/standard/recommended/release_version"
    error_message = "It is the AMI of another version or architecture."
  }

  assert {
    condition     = alltrue([for group in aws_eks_node_group.this : group.release_version == "1.36.1-20260901"])
    error_message = "Nodes are never patched."
  }
}

run "a_chosen_ami_stays" {
  command = plan
  variables { nodes = { release_version = "1.36.0-20260801" } }

  assert {
    condition     = length(data.aws_ssm_parameter.ami) == 0 && alltrue([for group in aws_eks_node_group.this : group.release_version == "1.36.0-20260801"])
    error_message = "Nodes get another AMI."
  }
}

run "a_chosen_ami_of_a_month_ago_is_a_warning" {
  command = plan
  variables { nodes = { release_version = "1.36.0-20260731" } }
  expect_failures = [check.nodes_are_patched]
}

run "a_newest_ami_without_a_date_is_a_warning" {
  command = plan
  variables { nodes = { release_version = "1.36.0-20260801" } }

  override_data {
    target = data.aws_ssm_parameter.newest
    values = { insecure_value = "1.36.3-20260903.1" }
  }

  expect_failures = [check.nodes_are_patched]
}

run "an_ami_by_its_id_is_refused" {
  command = plan
  variables { nodes = { release_version = "ami-0123456789" } }
  expect_failures = [var.nodes]
}

run "private_networks_reach_the_api_by_choice" {
  command = plan
  variables { api_client_cidrs = ["10.100.0.0/16"] }

  assert {
    condition     = [for rule in aws_vpc_security_group_ingress_rule.api : "${rule.cidr_ipv4}:${rule.from_port}-${rule.to_port}"] == ["10.100.0.0/16:443-443"]
    error_message = "The network does not reach the API, or reaches more than that."
  }
}

run "every_private_network_is_refused" {
  command = plan
  variables { api_client_cidrs = ["0.0.0.0/0"] }
  expect_failures = [var.api_client_cidrs]
}

run "session_manager_reaches_nodes_by_choice" {
  command = plan
  variables { nodes = { session_manager = true } }

  assert {
    condition     = toset(keys(aws_iam_role_policy_attachment.node)) == toset(["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly", "AmazonSSMManagedInstanceCore"])
    error_message = "Session Manager cannot connect to nodes."
  }
}

run "volumes_of_claims_have_tags" {
  command = plan
  variables { volume_tags = { backup = "roster-test" } }

  assert {
    condition     = jsondecode(aws_eks_addon.this["aws-ebs-csi-driver"].configuration_values) == { controller = { extraVolumeTags = { backup = "roster-test" } } }
    error_message = "Volumes have no tags, or a second storage class is the default."
  }

  assert {
    condition     = !contains(keys(local.addon_values), "coredns")
    error_message = "An add-on has the values of another."
  }
}

run "access_is_full_developer_or_read_only" {
  command = plan

  # No EKS policy for developers: the edit policies can read Secrets.
  assert {
    condition = { for arn, association in aws_eks_access_policy_association.this : split("/", arn)[1] => [split("/", association.policy_arn)[1], association.access_scope[0].type] } == {
      platform  = ["AmazonEKSClusterAdminPolicy", "cluster"]
      read-only = ["AmazonEKSViewPolicy", "cluster"]
    }
    error_message = "A role has more or fewer rights than it should."
  }

  # The groups to which the chart binds its roles (helm/roster, access).
  assert {
    condition = { for name in ["developer", "read-only"] : name => join(",", aws_eks_access_entry.this["arn:aws:iam::123456789012:role/${name}"].kubernetes_groups) } == {
      developer = "roster:developers"
      read-only = "roster:readers"
    }
    error_message = "A role is in the wrong group, or in none."
  }
}

run "add_ons_have_pinned_versions_and_roles_of_their_own" {
  command = plan

  assert {
    condition     = tomap(merge({ for name, addon in aws_eks_addon.early : name => addon.addon_version }, { for name, addon in aws_eks_addon.this : name => addon.addon_version })) == var.addons
    error_message = "An add-on has another version."
  }

  assert {
    condition     = toset(keys(aws_iam_role.addon)) == toset(["vpc-cni", "aws-ebs-csi-driver"])
    error_message = "An add-on has the node's rights."
  }
}

run "network_policies_are_enforced_and_strictly_on_request" {
  command = plan
  variables { network_policy_mode = "strict" }

  assert {
    condition     = aws_eks_addon.early["vpc-cni"].configuration_values == jsonencode({ enableNetworkPolicy = "true", env = { NETWORK_POLICY_ENFORCING_MODE = "strict" } })
    error_message = "NetworkPolicies are not enforced, or not strictly."
  }
}

run "another_policy_mode_is_refused" {
  command = plan
  variables { network_policy_mode = "audit" }
  expect_failures = [var.network_policy_mode]
}

run "without_a_zone_nothing_writes_dns" {
  command = plan

  assert {
    condition     = toset(keys(output.controller_role_arns)) == toset(["load-balancer-controller", "cluster-autoscaler"])
    error_message = "A role without rights exists."
  }
}

run "cert_manager_may_change_txt_records_of_one_zone" {
  command = plan
  variables { hosted_zone_arns = ["arn:aws:route53:::hostedzone/Z1"] }

  assert {
    condition = [
      for statement in jsondecode(data.aws_iam_policy_document.dns["cert-manager"].json).Statement : [statement.Resource, statement.Condition] if statement.Sid == "Write"
    ] == [["arn:aws:route53:::hostedzone/Z1", { "ForAllValues:StringEquals" = { "route53:ChangeResourceRecordSetsRecordTypes" = "TXT" } }]]
    error_message = "cert-manager may change more than TXT records, or another zone."
  }
}

run "a_name_in_capitals_is_refused" {
  command = plan
  variables { name = "Roster" }
  expect_failures = [var.name]
}

run "a_patch_version_is_refused" {
  command = plan
  variables { kubernetes_version = "1.36.1" }
  expect_failures = [var.kubernetes_version]
}

run "one_zone_is_refused" {
  command = plan
  variables { subnet_ids = { a = "subnet-a" } }
  expect_failures = [var.subnet_ids]
}

run "all_of_the_internet_is_refused" {
  command = plan
  variables { public_access_cidrs = ["0.0.0.0/0"] }
  expect_failures = [var.public_access_cidrs]
}

run "a_malformed_key_arn_is_refused" {
  command = plan
  variables { key_arn = "alias/key" }
  expect_failures = [var.key_arn]
}

run "a_maximum_below_the_minimum_is_refused" {
  command = plan
  variables { nodes = { min_per_zone = 3, max_per_zone = 2 } }
  expect_failures = [var.nodes]
}

run "another_architecture_is_refused" {
  command = plan
  variables { nodes = { architecture = "riscv" } }
  expect_failures = [var.nodes]
}

run "a_cluster_without_a_network_is_refused" {
  command = plan
  variables { addons = { coredns = "v1.14.3-eksbuild.23" } }
  expect_failures = [var.addons]
}

run "an_ami_of_another_version_is_refused" {
  command = plan
  variables { nodes = { release_version = "1.35.5-20260818" } }
  expect_failures = [var.nodes]
}

run "a_version_that_moves_is_refused" {
  command = plan
  variables { addons = { coredns = "latest" } }
  expect_failures = [var.addons]
}

run "a_group_is_refused" {
  command = plan
  variables { access = { full = ["arn:aws:iam::123456789012:group/x"] } }
  expect_failures = [var.access]
}

run "every_zone_of_dns_is_refused" {
  command = plan
  variables { hosted_zone_arns = ["arn:aws:route53:::hostedzone/*"] }
  expect_failures = [var.hosted_zone_arns]
}

run "roles_are_for_this_cluster_and_within_the_boundary" {
  command = plan
  variables { permissions_boundary = "arn:aws:iam::123456789012:policy/roster-test-boundary" }

  assert {
    condition = jsondecode(aws_iam_role.cluster.assume_role_policy).Statement[0].Condition == {
      StringEquals = { "aws:SourceAccount" = "123456789012" }
      ArnLike      = { "aws:SourceArn" = "arn:aws:eks:eu-central-1:123456789012:cluster/roster-test" }
    }
    error_message = "Another cluster may assume the role."
  }

  assert {
    condition = jsondecode(aws_iam_role.addon["aws-ebs-csi-driver"].assume_role_policy).Statement[0].Condition == { StringEquals = {
      "aws:SourceAccount"                         = "123456789012"
      "aws:RequestTag/eks-cluster-arn"            = "arn:aws:eks:eu-central-1:123456789012:cluster/roster-test"
      "aws:RequestTag/kubernetes-namespace"       = "kube-system"
      "aws:RequestTag/kubernetes-service-account" = "ebs-csi-controller-sa"
    } }
    error_message = "Another service account may assume the add-on's role."
  }

  assert {
    condition     = alltrue([for role in concat(values(aws_iam_role.addon), [aws_iam_role.cluster, aws_iam_role.node]) : role.permissions_boundary == var.permissions_boundary])
    error_message = "A role has no boundary."
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
