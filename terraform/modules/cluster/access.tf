# Who may do what in the cluster: access entries for roles of IAM, with policies that EKS keeps.

locals {
  grants = merge(
    { for arn in var.access.full : arn => { policy = "AmazonEKSClusterAdminPolicy", namespaces = [] } },
    # Edit in the namespaces of their own: no secrets of others, no roles, nothing of the cluster.
    { for arn in var.access.developer : arn => { policy = "AmazonEKSEditPolicy", namespaces = var.access.developer_namespaces } },
    { for arn in var.access.read_only : arn => { policy = "AmazonEKSViewPolicy", namespaces = [] } },
  )
  groups = merge(
    { for arn in var.access.developer : arn => ["roster:developers"] },
    { for arn in var.access.read_only : arn => ["roster:readers"] },
  )
}

resource "aws_eks_access_entry" "this" {
  for_each = local.grants

  cluster_name      = aws_eks_cluster.this.name
  principal_arn     = each.key
  kubernetes_groups = lookup(local.groups, each.key, []) # for roles that the cluster itself binds
}

resource "aws_eks_access_policy_association" "this" {
  for_each = local.grants

  cluster_name  = aws_eks_cluster.this.name
  principal_arn = aws_eks_access_entry.this[each.key].principal_arn
  policy_arn    = "arn:${data.aws_partition.this.partition}:eks::aws:cluster-access-policy/${each.value.policy}"

  access_scope {
    type       = length(each.value.namespaces) > 0 ? "namespace" : "cluster"
    namespaces = each.value.namespaces
  }
}
