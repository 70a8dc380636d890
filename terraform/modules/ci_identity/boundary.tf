# The permissions boundary of every role that apply creates. No rights over identities except the service-linked role of
# load balancers, and none over Terraform states.

locals {
  own_boundary      = "${local.iam}:policy${var.role_path}${var.roles_prefix}boundary"
  workload_boundary = coalesce(var.workload_boundary, local.own_boundary)
}

resource "aws_iam_policy" "boundary" {
  for_each = local.workload_boundary == local.own_boundary ? toset(["own"]) : toset([])

  name        = "${var.roles_prefix}boundary"
  path        = var.role_path
  description = "The most that the roles of functions, pods, nodes and backups may"
  policy      = data.aws_iam_policy_document.boundary.json
}

data "aws_iam_policy_document" "boundary" {
  # checkov:skip=CKV_AWS_107: a boundary grants nothing; the rights of each role are in its own policies
  # checkov:skip=CKV_AWS_108: likewise
  # checkov:skip=CKV_AWS_109: likewise
  # checkov:skip=CKV_AWS_111: likewise
  # checkov:skip=CKV_AWS_356: likewise
  statement {
    sid     = "DataOfThisName"
    actions = ["dynamodb:*", "s3:*", "sqs:*"]
    resources = [
      "arn:${local.partition}:dynamodb:*:${local.account}:table/${var.roles_prefix}*",
      "arn:${local.partition}:s3:::${var.roles_prefix}*",
      "arn:${local.partition}:sqs:*:${local.account}:${var.roles_prefix}*",
    ]
  }

  statement {
    sid = "Services"
    actions = [
      "acm:DescribeCertificate",
      "acm:ListCertificates",
      "autoscaling:*",
      "backup:*",
      "cloudwatch:*",
      "dynamodb:ListTables",
      "ec2:*",
      "ecr:*",
      "eks-auth:AssumeRoleForPodIdentity",
      "eks:Describe*",
      "eks:List*",
      "elasticloadbalancing:*",
      "events:*",
      "kms:CreateGrant",
      "kms:Decrypt",
      "kms:DescribeKey",
      "kms:Encrypt",
      "kms:GenerateDataKey*",
      "kms:ReEncrypt*",
      "lambda:GetAlias",
      "lambda:GetProvisionedConcurrencyConfig",
      "lambda:UpdateAlias",
      "logs:*",
      "ec2messages:*",
      "route53:*",
      "s3:ListAllMyBuckets",
      "ssm:UpdateInstanceInformation", # with the next and ec2messages: nodes, for Session Manager
      "ssmmessages:*",
      "tag:GetResources",
      "wafv2:*",
      "xray:Put*",
    ]
    resources = ["*"]
  }

  statement {
    sid       = "RoleOfLoadBalancers"
    actions   = ["iam:CreateServiceLinkedRole"]
    resources = ["*"] # restricted to one service

    condition {
      test     = "StringEquals"
      variable = "iam:AWSServiceName"
      values   = ["elasticloadbalancing.amazonaws.com"]
    }
  }

  statement {
    sid       = "NoStates"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [var.state_bucket_arn, "${var.state_bucket_arn}/*"]
  }
}
