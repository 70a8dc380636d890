# One node group per zone: volumes stay in their zone, so the autoscaler must be able to scale each zone separately.

locals {
  ami_path = "/aws/service/eks/optimized-ami/${var.kubernetes_version}/amazon-linux-2023/${var.nodes.architecture}/standard/recommended"
}

# AWS's newest AMI for this version of Kubernetes. Groups that do not set a release keep that of their first day.
# https://docs.aws.amazon.com/eks/latest/userguide/retrieve-ami-id.html
data "aws_ssm_parameter" "ami" {
  count = var.nodes.release_version == null ? 1 : 0

  name = "${local.ami_path}/release_version"
}

locals {
  # A release ends with its date, YYYYMMDD; this makes a time of it.
  release_date = "/^.*-(\\d{4})(\\d{2})(\\d{2})$/"
  release_time = "$${1}-$${2}-$${3}T00:00:00Z"
}

# A warning in each plan: only a person raises a release that was chosen. Whatever fails here is a warning too.
check "nodes_are_patched" {
  data "aws_ssm_parameter" "newest" {
    name = "${local.ami_path}/release_version"
  }

  assert {
    condition = var.nodes.release_version == null || try(timecmp(
      timeadd(replace(var.nodes.release_version, local.release_date, local.release_time), "744h"), # 31 days
      replace(data.aws_ssm_parameter.newest.insecure_value, local.release_date, local.release_time)
    ) >= 0, false)
    error_message = "The nodes' AMI ${coalesce(var.nodes.release_version, "-")} is not within a month of AWS's newest, ${data.aws_ssm_parameter.newest.insecure_value}: raise nodes.release_version."
  }
}

resource "aws_eks_node_group" "this" {
  for_each = var.subnet_ids

  cluster_name    = aws_eks_cluster.this.name
  version         = aws_eks_cluster.this.version # without it nodes keep the version that they were created with
  release_version = var.nodes.release_version == null ? data.aws_ssm_parameter.ami[0].insecure_value : var.nodes.release_version
  # AWS adds a suffix, so that a group that must be replaced exists beside the old one (see `lifecycle`).
  node_group_name_prefix = "${each.key}-"
  node_role_arn          = aws_iam_role.node.arn
  subnet_ids             = [each.value]
  ami_type               = var.nodes.architecture == "arm64" ? "AL2023_ARM_64_STANDARD" : "AL2023_x86_64_STANDARD"
  instance_types         = var.nodes.instance_types
  capacity_type          = var.nodes.spot ? "SPOT" : "ON_DEMAND"

  scaling_config {
    min_size     = var.nodes.min_per_zone
    max_size     = var.nodes.max_per_zone
    desired_size = var.nodes.min_per_zone
  }

  # An update evicts pods, and fails if a PodDisruptionBudget forbids that: it never forces them out.
  force_update_version = false

  update_config {
    max_unavailable = 1
  }

  launch_template {
    id      = aws_launch_template.node.id
    version = aws_launch_template.node.latest_version
  }

  lifecycle {
    # Instance types, capacity type and AMI type cannot be changed in place: the new group is ready before the old one is
    # deleted, which drains its nodes.
    create_before_destroy = true
    # Managed by the autoscaler from the start.
    ignore_changes = [scaling_config[0].desired_size]
  }

  # Nodes do not become ready without a network plug-in.
  depends_on = [aws_iam_role_policy_attachment.node, aws_eks_addon.early]
}

resource "aws_launch_template" "node" {
  name                   = "${var.name}-node"
  update_default_version = true

  # IMDSv2, and one hop: a pod in its own network namespace cannot reach the node's credentials.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      volume_type           = "gp3"
      volume_size           = var.nodes.disk_gib
      encrypted             = true
      delete_on_termination = true
    }
  }

  monitoring {
    enabled = true
  }

  # Tags of the provider do not reach what EC2 creates from a template.
  dynamic "tag_specifications" {
    for_each = toset(["instance", "network-interface", "volume"])

    content {
      resource_type = tag_specifications.key
      tags          = merge(data.aws_default_tags.this.tags, { Name = "${var.name}-node" })
    }
  }
}

resource "aws_iam_role" "node" {
  name                 = "${var.name}-node"
  path                 = var.role_path
  assume_role_policy   = data.aws_iam_policy_document.trust["ec2.amazonaws.com"].json
  permissions_boundary = var.permissions_boundary
}

data "aws_default_tags" "this" {}

# Permissions of the node itself. Its network plug-in has a role of its own (addons.tf). With those of Session Manager a
# person can forward a port through a node to a private Kubernetes API (docs/kubernetes.md).
resource "aws_iam_role_policy_attachment" "node" {
  for_each = toset(concat(
    ["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"],
    var.nodes.session_manager ? ["AmazonSSMManagedInstanceCore"] : [],
  ))

  role       = aws_iam_role.node.name
  policy_arn = "${local.policies}/${each.key}"
}
