# Roles that GitHub workflows assume by OpenID Connect, without stored keys: one that plans for pull requests (plan.tf),
# and one per environment that applies (apply.tf).

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition
  # arn:aws:SERVICE:REGION:ACCOUNT, in which the stacks create resources with the prefix.
  here = { for service in ["dynamodb", "ecr", "eks", "lambda", "sns", "sqs", "ssm"] :
    service => "arn:${local.partition}:${service}:${data.aws_region.this.id}:${local.account}"
  }
  # The name of what an environment has one of: cluster, registry, backup vault.
  bare_name = trimsuffix(var.roles_prefix, "-")
  iam       = "arn:${local.partition}:iam::${local.account}"
  # ARN of all roles with the prefix, up to the rest of their names. Workflow roles have the same path.
  roles = "${local.iam}:role${var.role_path}"

  issuer = "token.actions.githubusercontent.com"
  # Who may assume which role: the claim `sub` of the token. For a repository created or renamed since 15 July 2026 GitHub
  # writes ids into it: https://docs.github.com/en/actions/concepts/security/openid-connect
  subjects = merge(
    { plan = ["repo:${var.repository}:pull_request", "repo:${var.repository}:ref:refs/heads/${var.branch}"] },
    { for environment in var.environments : "apply-${environment}" => ["repo:${var.repository}:environment:${environment}"] },
  )
}

# An account has one at most for this issuer.
resource "aws_iam_openid_connect_provider" "this" {
  count = var.provider_arn == null ? 1 : 0

  url            = "https://${local.issuer}"
  client_id_list = ["sts.amazonaws.com"]
}

locals {
  provider_arn = var.provider_arn == null ? aws_iam_openid_connect_provider.this[0].arn : var.provider_arn
}

resource "aws_iam_role" "this" {
  for_each = local.subjects

  name                 = "${var.name}-${each.key}"
  path                 = var.role_path
  assume_role_policy   = data.aws_iam_policy_document.trust[each.key].json
  max_session_duration = 3600
  permissions_boundary = var.permissions_boundary
}

data "aws_iam_policy_document" "trust" {
  for_each = local.subjects

  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [local.provider_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:aud"
      values   = ["sts.amazonaws.com"]
    }

    # Full subjects: an asterisk here would admit any branch, and with it any author.
    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:sub"
      values   = each.value
    }
  }
}
