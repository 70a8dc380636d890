# Access to the cluster: access entries for IAM roles. EKS has policies for full and read-only access; developers are
# members of a group, to which the chart binds a role in its own namespace: EKS's edit policies would expose its
# Secrets.

locals {
  cluster_policies = merge(
    { for arn in var.access.full : arn => "AmazonEKSClusterAdminPolicy" },
    { for arn in var.access.read_only : arn => "AmazonEKSViewPolicy" },
  )
  groups = merge(
    { for arn in var.access.full : arn => [] },
    { for arn in var.access.developer : arn => ["roster:developers"] },
    { for arn in var.access.read_only : arn => ["roster:readers"] },
  )
}

resource "aws_eks_access_entry" "this" {
  for_each = local.groups

  cluster_name      = aws_eks_cluster.this.name
  principal_arn     = each.key
  kubernetes_groups = each.value
}

resource "aws_eks_access_policy_association" "this" {
  for_each = local.cluster_policies

  cluster_name  = aws_eks_cluster.this.name
  principal_arn = aws_eks_access_entry.this[each.key].principal_arn
  policy_arn    = "arn:${data.aws_partition.this.partition}:eks::aws:cluster-access-policy/${each.value}"

  access_scope {
    type = "cluster"
  }
}
