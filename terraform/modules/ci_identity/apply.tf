# Apply creates and destroys all resources of Roster, but only IAM resources with its prefix, within a boundary
# (boundary.tf). It is still a power user of its account: everything else in the account is within its reach, so each
# environment has its own account.

resource "aws_iam_role_policy_attachment" "apply" {
  for_each = { for name, role in aws_iam_role.this : name => role.name if name != "plan" }

  role       = each.value
  policy_arn = "arn:${local.partition}:iam::aws:policy/PowerUserAccess"
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
      "iam:DeleteRole",
      "iam:GetRole",
      "iam:GetRolePolicy",
      "iam:ListAttachedRolePolicies",
      "iam:ListInstanceProfilesForRole",
      "iam:ListRolePolicies",
      "iam:PassRole",
      "iam:TagRole",
      "iam:UntagRole",
      "iam:UpdateAssumeRolePolicy",
      "iam:UpdateRole",
      "iam:UpdateRoleDescription",
    ]
    resources = ["${local.roles}${var.roles_prefix}*"]
  }

  # Without this condition it could create a role, trust itself, and attach AdministratorAccess.
  # https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html#access_policies_boundaries-delegate
  statement {
    sid = "RightsWithinTheBoundary"
    actions = [
      "iam:AttachRolePolicy",
      "iam:CreateRole",
      "iam:DeleteRolePolicy",
      "iam:DetachRolePolicy",
      "iam:PutRolePermissionsBoundary",
      "iam:PutRolePolicy",
    ]
    resources = ["${local.roles}${var.roles_prefix}*"]

    condition {
      test     = "StringEquals"
      variable = "iam:PermissionsBoundary"
      values   = [local.workload_boundary]
    }
  }

  statement {
    sid       = "TheBoundaryStays"
    effect    = "Deny"
    actions   = ["iam:DeleteRolePermissionsBoundary"]
    resources = ["*"] # of any role
  }

  statement {
    sid       = "TheBoundaryStaysAsItIs"
    effect    = "Deny"
    actions   = ["iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:DeletePolicyVersion", "iam:SetDefaultPolicyVersion"]
    resources = [local.workload_boundary]
  }

  # The workflow roles have the prefix too: none can extend its own rights, or create another of them.
  statement {
    sid    = "NotItself"
    effect = "Deny"
    actions = [
      "iam:AttachRolePolicy",
      "iam:CreateRole",
      "iam:DeleteRole",
      "iam:DeleteRolePolicy",
      "iam:DetachRolePolicy",
      "iam:PassRole",
      "iam:PutRolePermissionsBoundary",
      "iam:PutRolePolicy",
      "iam:UpdateAssumeRolePolicy",
      "iam:UpdateRole",
    ]
    resources = ["${local.roles}${var.name}-*"]
  }

  # With this role a job of AWS Backup may overwrite any table and bucket: only a person passes it (docs/restore.md).
  statement {
    sid       = "NoRestores"
    effect    = "Deny"
    actions   = ["iam:PassRole", "iam:UpdateAssumeRolePolicy"] # nor lets itself assume it
    resources = ["${local.roles}${var.roles_prefix}restore"]
  }

  # One per cluster, with a host name that AWS assigns.
  statement {
    sid = "IssuersOfClusters"
    actions = [
      "iam:CreateOpenIDConnectProvider",
      "iam:DeleteOpenIDConnectProvider",
      "iam:GetOpenIDConnectProvider",
      "iam:TagOpenIDConnectProvider",
      "iam:UntagOpenIDConnectProvider",
      "iam:UpdateOpenIDConnectProviderThumbprint",
    ]
    resources = ["${local.iam}:oidc-provider/oidc.eks.*"]
  }
}
