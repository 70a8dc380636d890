# A plan reads the configuration, but neither users nor their pictures. All actions are listed here: AWS's
# ReadOnlyAccess also reads logs, secrets, items and objects, and AWS extends it (as with `dynamodb:PartiQLSelect`).
# `just tf-emulated` fails if a plan of dev, stage or prod calls more.
#
# Two things could not be excluded: the settings of Roster's own functions, which `lambda:GetFunction` returns, and the
# names of objects, since `s3:ListBucket` is needed to inspect a bucket.

resource "aws_iam_role_policy" "plan" {
  name   = "plan"
  role   = aws_iam_role.this["plan"].name
  policy = data.aws_iam_policy_document.plan.json
}

data "aws_iam_policy_document" "plan" {
  # checkov:skip=CKV_AWS_356: reads of settings whose resources do not have our prefix, or whose API does not support resources
  statement {
    sid = "SettingsOfTheAccount"
    actions = [
      "acm:DescribeCertificate",
      "acm:ListTagsForCertificate",
      "backup:GetBackupPlan",
      "backup:GetBackupSelection",
      "backup:ListTags",
      "cloudfront:Describe*",
      "cloudfront:Get*",
      "cloudfront:List*",
      "cloudwatch:DescribeAlarms",
      "cloudwatch:GetDashboard",
      "cloudwatch:ListTagsForResource",
      "codedeploy:BatchGet*",
      "codedeploy:Get*",
      "codedeploy:List*",
      "ec2:Describe*",
      "ecr:DescribeRepositories",
      "eks:DescribeAddonVersions", # what AWS offers, as the next one
      "eks:DescribeClusterVersions",
      "kms:DescribeKey",
      "kms:GetKeyPolicy",
      "kms:GetKeyRotationStatus",
      "kms:ListAliases",
      "kms:ListResourceTags",
      "lambda:GetEventSourceMapping",
      "lambda:ListTags",
      "logs:DescribeLogGroups", # not their content
      "logs:ListTagsForResource",
      "logs:ListTagsLogGroup",
      "route53:GetChange",
      "route53:GetHostedZone",
      "route53:ListHostedZones",
      "route53:ListResourceRecordSets",
      "route53:ListTagsForResource",
      "sns:GetSubscriptionAttributes",
      "ssm:DescribeParameters", # not their values
    ]
    resources = ["*"]
  }

  statement {
    sid     = "HttpApis"
    actions = ["apigateway:GET"]
    # Not /apikeys, which would return their values.
    resources = [for path in ["apis", "apis/*", "domainnames/*", "tags/*"] :
      "arn:${local.partition}:apigateway:${data.aws_region.this.id}::/${path}"
    ]
  }

  statement {
    sid = "SettingsOfThisName"
    actions = [
      "dynamodb:Describe*",
      "dynamodb:ListTagsOfResource",
      "ecr:GetLifecyclePolicy",
      "ecr:GetRepositoryPolicy",
      "ecr:ListTagsForResource",
      "lambda:GetAlias",
      "lambda:GetFunction",
      "lambda:GetFunctionCodeSigningConfig",
      "lambda:GetFunctionConcurrency",
      "lambda:GetFunctionConfiguration",
      "lambda:GetPolicy",
      "lambda:GetRuntimeManagementConfig",
      "lambda:ListVersionsByFunction",
      "s3:GetAccelerateConfiguration",
      "s3:GetBucket*",
      "s3:GetEncryptionConfiguration",
      "s3:GetLifecycleConfiguration",
      "s3:GetReplicationConfiguration",
      "s3:ListBucket",
      "sns:GetTopicAttributes",
      "sns:ListTagsForResource",
      "sqs:GetQueueAttributes",
      "sqs:GetQueueUrl",
      "sqs:ListQueueTags",
    ]
    resources = [
      "${local.here.dynamodb}:table/${var.roles_prefix}*",
      "${local.here.ecr}:repository/${var.roles_prefix}*",
      "${local.here.ecr}:repository/${local.bare_name}", # the registry has the bare name
      "${local.here.lambda}:function:${var.roles_prefix}*",
      "arn:${local.partition}:s3:::${var.roles_prefix}*",
      "${local.here.sns}:${var.roles_prefix}*",
      "${local.here.sqs}:${var.roles_prefix}*",
    ]
  }

  # The cluster, its parts (`addon/NAME/…`) and the vault have the bare name, or the prefix where it is that of all
  # environments. The vault of copies is in another region.
  statement {
    sid     = "ClusterAndVaults"
    actions = ["backup:DescribeBackupVault", "eks:Describe*", "eks:List*"]
    resources = [
      "arn:${local.partition}:backup:*:${local.account}:backup-vault:${local.bare_name}",
      "arn:${local.partition}:backup:*:${local.account}:backup-vault:${var.roles_prefix}*",
      "${local.here.eks}:*/${var.roles_prefix}*",
      "${local.here.eks}:*/${local.bare_name}",
      "${local.here.eks}:*/${local.bare_name}/*",
    ]
  }

  statement {
    sid = "Identities"
    actions = [
      "iam:GetOpenIDConnectProvider",
      "iam:GetPolicy",
      "iam:GetPolicyVersion",
      "iam:GetRole",
      "iam:GetRolePolicy",
      "iam:ListAttachedRolePolicies",
      "iam:ListInstanceProfilesForRole",
      "iam:ListPolicyVersions",
      "iam:ListRolePolicies",
    ]
    resources = ["${local.roles}${var.roles_prefix}*", "${local.iam}:policy${var.role_path}${var.roles_prefix}*", "${local.iam}:oidc-provider/*"]
  }

  # The parameters that the stacks publish for each other; any other may be a secret.
  statement {
    sid       = "Published"
    actions   = ["ssm:GetParameter", "ssm:GetParameters", "ssm:ListTagsForResource"]
    resources = [for environment in var.environments : "${local.here.ssm}:parameter/roster/${environment}/*"]
  }

  # AWS's own, of every account: the newest AMI of nodes.
  statement {
    sid       = "PublishedByAws"
    actions   = ["ssm:GetParameter"]
    resources = ["arn:${local.partition}:ssm:${data.aws_region.this.id}::parameter/aws/service/eks/*"]
  }

  # Only the item that Terraform wrote to a table, and its two objects in an avatar bucket: the marker, and CloudFront's
  # public 404.
  statement {
    sid       = "ItemOfTerraform"
    actions   = ["dynamodb:GetItem"]
    resources = ["${local.here.dynamodb}:table/${var.roles_prefix}*"]

    condition {
      test     = "ForAllValues:StringEquals"
      variable = "dynamodb:LeadingKeys"
      values   = ["#roster"]
    }
  }

  statement {
    sid       = "ObjectsOfTerraform"
    actions   = ["s3:GetObject", "s3:GetObjectTagging"]
    resources = [for key in ["errors/not-found.json", "roster.json"] : "arn:${local.partition}:s3:::${var.roles_prefix}avatars*/${key}"]
  }

  # Both may be encrypted with the stack's own key, which DynamoDB and S3 use on behalf of the caller.
  statement {
    sid       = "KeyOfTerraformsItem"
    actions   = ["kms:Decrypt"]
    resources = ["arn:${local.partition}:kms:${data.aws_region.this.id}:${local.account}:key/*"] # identified by its alias

    condition {
      test     = "ForAnyValue:StringEquals"
      variable = "kms:ResourceAliases"
      values   = ["alias/${var.roles_prefix}data"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [for service in ["dynamodb", "s3"] : "${service}.${data.aws_region.this.id}.amazonaws.com"]
    }
  }

  statement {
    sid       = "States"
    actions   = ["s3:GetObject"]
    resources = ["${var.state_bucket_arn}/*"]
  }

  statement {
    sid       = "ListStates"
    actions   = ["s3:ListBucket"]
    resources = [var.state_bucket_arn]
  }

  # It holds the lock of a state while reading it.
  statement {
    sid       = "Lock"
    actions   = ["s3:PutObject", "s3:DeleteObject"]
    resources = ["${var.state_bucket_arn}/*.tflock"]
  }
}
