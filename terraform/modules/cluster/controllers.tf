# IRSA roles of the controllers that are installed into the cluster by their charts. The rights of each are in its own
# file.

locals {
  controllers = {
    load-balancer-controller = {
      namespace = "kube-system", service_account = "aws-load-balancer-controller", policy = data.aws_iam_policy_document.load_balancer_controller.json
    }
    cluster-autoscaler = {
      namespace = "kube-system", service_account = "cluster-autoscaler", policy = data.aws_iam_policy_document.cluster_autoscaler.json
    }
    external-dns = {
      namespace = "external-dns", service_account = "external-dns", policy = data.aws_iam_policy_document.dns["external-dns"].json
    }
    cert-manager = {
      namespace = "cert-manager", service_account = "cert-manager", policy = data.aws_iam_policy_document.dns["cert-manager"].json
    }
  }
  # Without a zone these two need no rights.
  installed = { for name, controller in local.controllers : name => controller
    if length(var.hosted_zone_arns) > 0 || !contains(["external-dns", "cert-manager"], name)
  }
}

module "controller" {
  source   = "../workload_identity"
  for_each = local.installed

  name            = "${var.name}-${each.key}"
  namespace       = each.value.namespace
  service_account = each.value.service_account
  policy          = each.value.policy

  permissions_boundary = var.permissions_boundary
  role_path            = var.role_path

  oidc_provider = {
    arn    = aws_iam_openid_connect_provider.this.arn
    issuer = trimprefix(aws_eks_cluster.this.identity[0].oidc[0].issuer, "https://")
  }
}

# Scales the node groups of this cluster only.
# https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/aws/README.md
data "aws_iam_policy_document" "cluster_autoscaler" {
  statement {
    sid = "Look"
    actions = [
      "autoscaling:DescribeAutoScalingGroups",
      "autoscaling:DescribeAutoScalingInstances",
      "autoscaling:DescribeLaunchConfigurations",
      "autoscaling:DescribeScalingActivities",
      "ec2:DescribeImages",
      "ec2:DescribeInstanceTypes",
      "ec2:DescribeLaunchTemplateVersions",
      "ec2:GetInstanceTypesFromInstanceRequirements",
    ]
    resources = ["*"] # these actions support no resources
  }

  statement {
    sid       = "LookAtNodeGroups"
    actions   = ["eks:DescribeNodegroup"]
    resources = ["${replace(aws_eks_cluster.this.arn, ":cluster/", ":nodegroup/")}/*"]
  }

  statement {
    sid       = "Scale"
    actions   = ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"]
    resources = ["*"] # restricted by the tag that EKS sets on the groups of this cluster, whose names are not known in advance

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/kubernetes.io/cluster/${var.name}"
      values   = ["owned"]
    }
  }
}

# Only records in these zones: addresses, and challenges for cert-manager.
# https://kubernetes-sigs.github.io/external-dns/latest/docs/tutorials/aws/, https://cert-manager.io/docs/configuration/acme/dns01/route53/
data "aws_iam_policy_document" "dns" {
  for_each = toset(["external-dns", "cert-manager"])

  statement {
    sid       = "Write"
    actions   = ["route53:ChangeResourceRecordSets"]
    resources = length(var.hosted_zone_arns) > 0 ? var.hosted_zone_arns : ["arn:${data.aws_partition.this.partition}:route53:::hostedzone/none"]

    dynamic "condition" {
      for_each = each.key == "cert-manager" ? { RecordTypes = "TXT" } : {}

      content {
        test     = "ForAllValues:StringEquals"
        variable = "route53:ChangeResourceRecordSets${condition.key}"
        values   = [condition.value]
      }
    }
  }

  statement {
    sid       = "Read"
    actions   = concat(["route53:ListResourceRecordSets"], each.key == "external-dns" ? ["route53:ListTagsForResources"] : [])
    resources = length(var.hosted_zone_arns) > 0 ? var.hosted_zone_arns : ["arn:${data.aws_partition.this.partition}:route53:::hostedzone/none"]
  }

  statement {
    sid       = "Find"
    actions   = [each.key == "external-dns" ? "route53:ListHostedZones" : "route53:ListHostedZonesByName"]
    resources = ["*"] # supports no resources
  }

  dynamic "statement" {
    for_each = each.key == "cert-manager" ? [1] : []

    content {
      sid       = "Await"
      actions   = ["route53:GetChange"]
      resources = ["arn:${data.aws_partition.this.partition}:route53:::change/*"] # ids are assigned when changes are made
    }
  }
}
