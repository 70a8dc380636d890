# Permissions of the AWS Load Balancer Controller: load balancers, target groups and security groups with this cluster's
# tag, and read access to what it connects. Based on its own list:
# https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/installation/

locals {
  # The controller sets it on everything it creates.
  of_this_cluster = { variable = "elbv2.k8s.aws/cluster", value = var.name }
}

data "aws_iam_policy_document" "load_balancer_controller" {
  # checkov:skip=CKV_AWS_111: writes are restricted by tags, or explained at each statement
  # checkov:skip=CKV_AWS_356: likewise
  statement {
    sid = "Look"
    actions = [
      "acm:DescribeCertificate",
      "acm:ListCertificates",
      "ec2:DescribeAccountAttributes",
      "ec2:DescribeAddresses",
      "ec2:DescribeAvailabilityZones",
      "ec2:DescribeCoipPools",
      "ec2:DescribeInstances",
      "ec2:DescribeInternetGateways",
      "ec2:DescribeIpamPools",
      "ec2:DescribeNetworkInterfaces",
      "ec2:DescribeRouteTables",
      "ec2:DescribeSecurityGroups",
      "ec2:DescribeSubnets",
      "ec2:DescribeTags",
      "ec2:DescribeVpcPeeringConnections",
      "ec2:DescribeVpcs",
      "ec2:GetCoipPoolUsage",
      "ec2:GetSecurityGroupsForVpc",
      "elasticloadbalancing:DescribeCapacityReservation",
      "elasticloadbalancing:DescribeListenerAttributes",
      "elasticloadbalancing:DescribeListenerCertificates",
      "elasticloadbalancing:DescribeListeners",
      "elasticloadbalancing:DescribeLoadBalancerAttributes",
      "elasticloadbalancing:DescribeLoadBalancers",
      "elasticloadbalancing:DescribeRules",
      "elasticloadbalancing:DescribeSSLPolicies",
      "elasticloadbalancing:DescribeTags",
      "elasticloadbalancing:DescribeTargetGroupAttributes",
      "elasticloadbalancing:DescribeTargetGroups",
      "elasticloadbalancing:DescribeTargetHealth",
      "elasticloadbalancing:DescribeTrustStores",
      "wafv2:GetWebACL",
      "wafv2:GetWebACLForResource",
    ]
    resources = ["*"] # Describe actions support no resources, and ingresses choose certificates and web ACLs
  }

  statement {
    sid       = "MakeWithTheTag"
    actions   = ["elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:CreateTargetGroup"]
    resources = ["*"] # does not exist yet: restricted by the tag in the request

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/${local.of_this_cluster.variable}"
      values   = [local.of_this_cluster.value]
    }
  }

  # A security group is created without tags, and tagged at once.
  statement {
    sid       = "MakeSecurityGroup"
    actions   = ["ec2:CreateSecurityGroup"]
    resources = ["*"] # does not exist yet, and is created in the VPC of the cluster
  }

  statement {
    sid       = "TagNewSecurityGroup"
    actions   = ["ec2:CreateTags"]
    resources = ["arn:${data.aws_partition.this.partition}:ec2:*:*:security-group/*"]

    condition {
      test     = "StringEquals"
      variable = "ec2:CreateAction"
      values   = ["CreateSecurityGroup"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/${local.of_this_cluster.variable}"
      values   = [local.of_this_cluster.value]
    }
  }

  # Also rules of the nodes' own groups, so that load balancers reach pods.
  statement {
    sid       = "OpenSecurityGroups"
    actions   = ["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"]
    resources = ["*"] # those of the nodes belong to EKS and do not have the controller's tag
  }

  statement {
    sid = "ChangeWhatHasTheTag"
    actions = [
      "ec2:CreateTags",
      "ec2:DeleteSecurityGroup",
      "ec2:DeleteTags",
      "elasticloadbalancing:AddTags",
      "elasticloadbalancing:DeleteLoadBalancer",
      "elasticloadbalancing:DeleteTargetGroup",
      "elasticloadbalancing:ModifyCapacityReservation",
      "elasticloadbalancing:ModifyIpPools",
      "elasticloadbalancing:ModifyLoadBalancerAttributes",
      "elasticloadbalancing:ModifyTargetGroup",
      "elasticloadbalancing:ModifyTargetGroupAttributes",
      "elasticloadbalancing:RemoveTags",
      "elasticloadbalancing:SetIpAddressType",
      "elasticloadbalancing:SetSecurityGroups",
      "elasticloadbalancing:SetSubnets",
    ]
    resources = ["*"] # restricted by the tag of the resource

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/${local.of_this_cluster.variable}"
      values   = [local.of_this_cluster.value]
    }
  }

  statement {
    sid       = "TagWhatIsMade"
    actions   = ["elasticloadbalancing:AddTags"]
    resources = ["*"] # does not exist yet: restricted by the action that creates it

    condition {
      test     = "StringEquals"
      variable = "elasticloadbalancing:CreateAction"
      values   = ["CreateTargetGroup", "CreateLoadBalancer"]
    }
  }

  # Listeners and rules have no tags when they are created, but belong to a load balancer that has.
  statement {
    sid = "Listen"
    actions = [
      "elasticloadbalancing:AddListenerCertificates",
      "elasticloadbalancing:AddTags",
      "elasticloadbalancing:CreateListener",
      "elasticloadbalancing:CreateRule",
      "elasticloadbalancing:DeleteListener",
      "elasticloadbalancing:DeleteRule",
      "elasticloadbalancing:ModifyListener",
      "elasticloadbalancing:ModifyListenerAttributes",
      "elasticloadbalancing:ModifyRule",
      "elasticloadbalancing:RemoveListenerCertificates",
      "elasticloadbalancing:RemoveTags",
      "elasticloadbalancing:SetRulePriorities",
      "elasticloadbalancing:SetWebAcl",
    ]
    resources = [
      for kind in ["loadbalancer/app", "loadbalancer/net", "listener/app", "listener/net", "listener-rule/app", "listener-rule/net"] :
      "arn:${data.aws_partition.this.partition}:elasticloadbalancing:*:*:${kind}/*"
    ]
  }

  statement {
    sid       = "Target"
    actions   = ["elasticloadbalancing:RegisterTargets", "elasticloadbalancing:DeregisterTargets"]
    resources = ["arn:${data.aws_partition.this.partition}:elasticloadbalancing:*:*:targetgroup/*/*"] # the controller chooses names

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/${local.of_this_cluster.variable}"
      values   = [local.of_this_cluster.value]
    }
  }

  statement {
    sid       = "Protect"
    actions   = ["wafv2:AssociateWebACL", "wafv2:DisassociateWebACL"]
    resources = ["*"] # an ingress chooses the ACL and the load balancer
  }

  statement {
    sid       = "ServiceRole"
    actions   = ["iam:CreateServiceLinkedRole"]
    resources = ["*"] # restricted to one service

    condition {
      test     = "StringEquals"
      variable = "iam:AWSServiceName"
      values   = ["elasticloadbalancing.amazonaws.com"]
    }
  }
}
