# Roles that GitHub's workflows take by OpenID Connect, with no key stored anywhere: one that plans for pull requests, and
# one for each environment that applies.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}

locals {
  issuer = "token.actions.githubusercontent.com"
  # Who may take which role: the claim `sub` of the token.
  subjects = merge(
    { plan = ["repo:${var.repository}:pull_request", "repo:${var.repository}:ref:refs/heads/${var.branch}"] },
    { for environment in var.environments : "apply-${environment}" => ["repo:${var.repository}:environment:${environment}"] },
  )
}

resource "aws_iam_openid_connect_provider" "this" {
  url            = "https://${local.issuer}"
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_iam_role" "this" {
  for_each = local.subjects

  name                 = "${var.name}-${each.key}"
  assume_role_policy   = data.aws_iam_policy_document.trust[each.key].json
  max_session_duration = 3600
}

data "aws_iam_policy_document" "trust" {
  for_each = local.subjects

  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.this.arn]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:aud"
      values   = ["sts.amazonaws.com"]
    }

    # Whole subjects: an asterisk here would let any branch, and with it any author, in.
    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:sub"
      values   = each.value
    }
  }
}

# A plan reads what is set up, and neither users nor their pictures.
resource "aws_iam_role_policy_attachment" "plan" {
  role       = aws_iam_role.this["plan"].name
  policy_arn = "arn:${data.aws_partition.this.partition}:iam::aws:policy/ReadOnlyAccess"
}

resource "aws_iam_role_policy" "plan" {
  name   = "no-data"
  role   = aws_iam_role.this["plan"].name
  policy = data.aws_iam_policy_document.plan.json
}

data "aws_iam_policy_document" "plan" {
  statement {
    sid       = "NoData"
    effect    = "Deny"
    actions   = ["dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:Scan", "sqs:ReceiveMessage", "secretsmanager:GetSecretValue"]
    resources = ["*"]
  }

  # Of a table it reads the one item that Terraform wrote.
  statement {
    sid       = "NoUsers"
    effect    = "Deny"
    actions   = ["dynamodb:GetItem"]
    resources = ["*"]

    condition {
      test     = "ForAnyValue:StringNotEquals"
      variable = "dynamodb:LeadingKeys"
      values   = ["#roster"]
    }
  }

  statement {
    sid           = "NoObjectsButStates"
    effect        = "Deny"
    actions       = ["s3:GetObject", "s3:GetObjectVersion"]
    not_resources = ["${var.state_bucket_arn}/*"]
  }

  # While it reads a state it holds its lock.
  statement {
    sid       = "Lock"
    actions   = ["s3:PutObject", "s3:DeleteObject"]
    resources = ["${var.state_bucket_arn}/*.tflock"]
  }
}

# Apply makes and destroys everything of Roster; of IAM only what bears its name.
resource "aws_iam_role_policy_attachment" "apply" {
  for_each = { for name, role in aws_iam_role.this : name => role.name if name != "plan" }

  role       = each.value
  policy_arn = "arn:${data.aws_partition.this.partition}:iam::aws:policy/PowerUserAccess"
}

resource "aws_iam_role_policy" "apply" {
  for_each = aws_iam_role_policy_attachment.apply

  name   = "identities"
  role   = each.value.role
  policy = data.aws_iam_policy_document.apply.json
}

data "aws_iam_policy_document" "apply" {
  statement {
    sid = "RolesOfThisName"
    actions = [
      "iam:AttachRolePolicy",
      "iam:CreateRole",
      "iam:DeleteRole",
      "iam:DeleteRolePolicy",
      "iam:DetachRolePolicy",
      "iam:GetRole",
      "iam:GetRolePolicy",
      "iam:ListAttachedRolePolicies",
      "iam:ListInstanceProfilesForRole",
      "iam:ListRolePolicies",
      "iam:PassRole",
      "iam:PutRolePolicy",
      "iam:TagRole",
      "iam:UntagRole",
      "iam:UpdateAssumeRolePolicy",
      "iam:UpdateRole",
    ]
    resources = ["arn:${data.aws_partition.this.partition}:iam::${data.aws_caller_identity.this.account_id}:role/${var.roles_prefix}*"]
  }

  # The roles that workflows take bear the name too: none gives itself more.
  statement {
    sid     = "NotItself"
    effect  = "Deny"
    actions = ["iam:AttachRolePolicy", "iam:PutRolePolicy", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:PassRole"]
    resources = [
      "arn:${data.aws_partition.this.partition}:iam::${data.aws_caller_identity.this.account_id}:role/${var.name}-*",
    ]
  }

  # One a cluster, by a host name that AWS gives.
  statement {
    sid       = "IssuersOfClusters"
    actions   = ["iam:CreateOpenIDConnectProvider", "iam:DeleteOpenIDConnectProvider", "iam:GetOpenIDConnectProvider", "iam:TagOpenIDConnectProvider"]
    resources = ["arn:${data.aws_partition.this.partition}:iam::${data.aws_caller_identity.this.account_id}:oidc-provider/oidc.eks.*"]
  }
}
