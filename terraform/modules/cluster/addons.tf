# Add-ons at pinned versions, and roles for those that call AWS, by Pod Identity.

locals {
  # The service account of each add-on that needs a role, and the AWS-managed policy for it.
  addon_roles = {
    vpc-cni            = { service_account = "aws-node", policy = "AmazonEKS_CNI_Policy" }
    aws-ebs-csi-driver = { service_account = "ebs-csi-controller-sa", policy = "service-role/AmazonEBSCSIDriverPolicy" }
  }
  # Before nodes exist: without a network they do not become ready, and without the agent pods do not get their roles.
  early_addons = ["vpc-cni", "kube-proxy", "eks-pod-identity-agent"]

  addon_values = {
    # The network plug-in enforces NetworkPolicies only if enabled.
    vpc-cni = {
      enableNetworkPolicy = "true"
      env                 = { NETWORK_POLICY_ENFORCING_MODE = var.network_policy_mode }
    }
    # The driver creates volumes, which therefore do not have the provider's tags. The class of claims that name none is in
    # helm/platform: that of the add-on does not set encryption.
    aws-ebs-csi-driver = {
      controller = { extraVolumeTags = merge(data.aws_default_tags.this.tags, var.volume_tags) }
    }
  }
}

resource "aws_eks_addon" "early" {
  for_each = { for name, version in var.addons : name => version if contains(local.early_addons, name) }

  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = each.key
  addon_version               = each.value
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "PRESERVE"

  configuration_values = contains(keys(local.addon_values), each.key) ? jsonencode(local.addon_values[each.key]) : null

  dynamic "pod_identity_association" {
    for_each = { for name, role in aws_iam_role.addon : name => role.arn if name == each.key }

    content {
      service_account = local.addon_roles[each.key].service_account
      role_arn        = pod_identity_association.value
    }
  }
}

resource "aws_eks_addon" "this" {
  for_each = { for name, version in var.addons : name => version if !contains(local.early_addons, name) }

  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = each.key
  addon_version               = each.value
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "PRESERVE"
  configuration_values        = contains(keys(local.addon_values), each.key) ? jsonencode(local.addon_values[each.key]) : null

  dynamic "pod_identity_association" {
    for_each = { for name, role in aws_iam_role.addon : name => role.arn if name == each.key }

    content {
      service_account = local.addon_roles[each.key].service_account
      role_arn        = pod_identity_association.value
    }
  }

  # Their pods wait for nodes, and so would these add-ons.
  depends_on = [aws_eks_node_group.this, aws_eks_addon.early]
}

resource "aws_iam_role" "addon" {
  for_each = { for name, role in local.addon_roles : name => role if contains(keys(var.addons), name) }

  name                 = "${var.name}-${each.key}"
  path                 = var.role_path
  assume_role_policy   = data.aws_iam_policy_document.pods[each.key].json
  permissions_boundary = var.permissions_boundary
}

resource "aws_iam_role_policy_attachment" "addon" {
  for_each = aws_iam_role.addon

  role       = each.value.name
  policy_arn = "${local.policies}/${local.addon_roles[each.key].policy}"
}

# The add-on's own service account in this cluster: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html
data "aws_iam_policy_document" "pods" {
  for_each = local.addon_roles

  statement {
    actions = ["sts:AssumeRole", "sts:TagSession"]

    principals {
      type        = "Service"
      identifiers = ["pods.eks.amazonaws.com"]
    }

    dynamic "condition" {
      for_each = {
        "aws:SourceAccount"                         = data.aws_caller_identity.this.account_id
        "aws:RequestTag/eks-cluster-arn"            = local.arn
        "aws:RequestTag/kubernetes-namespace"       = "kube-system"
        "aws:RequestTag/kubernetes-service-account" = each.value.service_account
      }

      content {
        test     = "StringEquals"
        variable = condition.key
        values   = [condition.value]
      }
    }
  }
}
