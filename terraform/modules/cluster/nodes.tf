# One node group per zone: volumes stay in their zone, so the autoscaler must be able to scale each zone separately.

resource "aws_eks_node_group" "this" {
  for_each = var.subnet_ids

  cluster_name    = aws_eks_cluster.this.name
  version         = aws_eks_cluster.this.version # without it nodes keep the version that they were created with
  node_group_name = each.key
  node_role_arn   = aws_iam_role.node.arn
  subnet_ids      = [each.value]
  ami_type        = var.nodes.architecture == "arm64" ? "AL2023_ARM_64_STANDARD" : "AL2023_x86_64_STANDARD"
  instance_types  = var.nodes.instance_types
  capacity_type   = var.nodes.spot ? "SPOT" : "ON_DEMAND"

  scaling_config {
    min_size     = var.nodes.min_per_zone
    max_size     = var.nodes.max_per_zone
    desired_size = var.nodes.min_per_zone
  }

  update_config {
    max_unavailable = 1
  }

  launch_template {
    id      = aws_launch_template.node.id
    version = aws_launch_template.node.latest_version
  }

  # Managed by the autoscaler from the start.
  lifecycle {
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

  tag_specifications {
    resource_type = "instance"
    tags          = { Name = "${var.name}-node" }
  }
}

resource "aws_iam_role" "node" {
  name                 = "${var.name}-node"
  assume_role_policy   = data.aws_iam_policy_document.trust["ec2.amazonaws.com"].json
  permissions_boundary = var.permissions_boundary
}

# Permissions of the node itself. Its network plug-in has a role of its own (addons.tf).
resource "aws_iam_role_policy_attachment" "node" {
  for_each = toset(["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"])

  role       = aws_iam_role.node.name
  policy_arn = "${local.policies}/${each.key}"
}
