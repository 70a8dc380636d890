# A role for one Kubernetes service account: by IRSA on any cluster with an OIDC provider in IAM, or by an association
# of EKS Pod Identity.

locals {
  irsa = var.pod_identity_cluster == null
}

data "aws_caller_identity" "this" {}

resource "aws_iam_role" "this" {
  name                 = var.name
  path                 = var.role_path
  description          = "Service account ${var.namespace}/${var.service_account}"
  assume_role_policy   = local.irsa ? data.aws_iam_policy_document.irsa.json : data.aws_iam_policy_document.pod_identity.json
  permissions_boundary = var.permissions_boundary
  max_session_duration = 3600

  lifecycle {
    precondition {
      condition     = (var.oidc_provider == null) != (var.pod_identity_cluster == null)
      error_message = "Set exactly one of oidc_provider (IRSA) and pod_identity_cluster (Pod Identity)."
    }
  }
}

resource "aws_iam_role_policy" "this" {
  name   = "access"
  role   = aws_iam_role.this.name
  policy = var.policy
}

data "aws_iam_policy_document" "irsa" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [try(var.oidc_provider.arn, "")]
    }

    # Only this service account, with a token issued for STS.
    condition {
      test     = "StringEquals"
      variable = "${try(var.oidc_provider.issuer, "")}:sub"
      values   = ["system:serviceaccount:${var.namespace}:${var.service_account}"]
    }

    condition {
      test     = "StringEquals"
      variable = "${try(var.oidc_provider.issuer, "")}:aud"
      values   = ["sts.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "pod_identity" {
  statement {
    actions = ["sts:AssumeRole", "sts:TagSession"]

    principals {
      type        = "Service"
      identifiers = ["pods.eks.amazonaws.com"]
    }

    # EKS sets the tags for the pod.
    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/kubernetes-namespace"
      values   = [var.namespace]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/kubernetes-service-account"
      values   = [var.service_account]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.this.account_id]
    }
  }
}

resource "aws_eks_pod_identity_association" "this" {
  count = local.irsa ? 0 : 1

  cluster_name    = var.pod_identity_cluster
  namespace       = var.namespace
  service_account = var.service_account
  role_arn        = aws_iam_role.this.arn
}
