# An EKS cluster with private nodes in all given zones.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  arn      = "arn:${data.aws_partition.this.partition}:eks:${data.aws_region.this.id}:${data.aws_caller_identity.this.account_id}:cluster/${var.name}"
  policies = "arn:${data.aws_partition.this.partition}:iam::aws:policy"
}

resource "aws_eks_cluster" "this" {
  name     = var.name
  version  = var.kubernetes_version
  role_arn = aws_iam_role.cluster.arn

  # Only the pinned add-ons: otherwise EKS installs its own first, at its own versions and with the rights of the nodes.
  bootstrap_self_managed_addons = false

  # All logs: requests, authentication, and decisions of the controllers.
  enabled_cluster_log_types = ["api", "audit", "authenticator", "controllerManager", "scheduler"]

  vpc_config {
    subnet_ids              = values(var.subnet_ids)
    endpoint_private_access = true
    endpoint_public_access  = length(var.public_access_cidrs) > 0
    public_access_cidrs     = length(var.public_access_cidrs) > 0 ? var.public_access_cidrs : null
  }

  # Only access entries: no ConfigMap, and no rights for the creator of the cluster.
  access_config {
    authentication_mode                         = "API"
    bootstrap_cluster_creator_admin_permissions = false
  }

  encryption_config {
    resources = ["secrets"]

    provider {
      key_arn = var.key_arn
    }
  }

  # When the version's standard support ends the cluster is upgraded, instead of paying for extended support.
  upgrade_policy {
    support_type = "STANDARD"
  }

  zonal_shift_config {
    enabled = true
  }

  depends_on = [aws_cloudwatch_log_group.this, aws_iam_role_policy_attachment.cluster]
}

# EKS's own security group admits only the nodes.
resource "aws_vpc_security_group_ingress_rule" "api" {
  for_each = toset(var.api_client_cidrs)

  security_group_id = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
  description       = "Kubernetes API"
  cidr_ipv4         = each.key
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/eks/${var.name}/cluster"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.logs_key_arn
}

resource "aws_iam_role" "cluster" {
  name                 = "${var.name}-cluster"
  path                 = var.role_path
  assume_role_policy   = data.aws_iam_policy_document.trust["eks.amazonaws.com"].json
  permissions_boundary = var.permissions_boundary
}

resource "aws_iam_role_policy_attachment" "cluster" {
  role       = aws_iam_role.cluster.name
  policy_arn = "${local.policies}/AmazonEKSClusterPolicy"
}

# Only EKS on behalf of this cluster:
# https://docs.aws.amazon.com/eks/latest/userguide/cross-service-confused-deputy-prevention.html. EC2 sets no source: a
# role reaches an instance by an instance profile, which only this account can create and pass.
data "aws_iam_policy_document" "trust" {
  for_each = toset(["eks.amazonaws.com", "ec2.amazonaws.com"])

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = [each.key]
    }

    dynamic "condition" {
      for_each = each.key == "eks.amazonaws.com" ? {
        StringEquals = { variable = "aws:SourceAccount", value = data.aws_caller_identity.this.account_id }
        ArnLike      = { variable = "aws:SourceArn", value = local.arn }
      } : {}

      content {
        test     = condition.key
        variable = condition.value.variable
        values   = [condition.value.value]
      }
    }
  }
}

# The issuer of service accounts' tokens, which roles trust (IRSA).
resource "aws_iam_openid_connect_provider" "this" {
  url            = aws_eks_cluster.this.identity[0].oidc[0].issuer
  client_id_list = ["sts.amazonaws.com"]
}
