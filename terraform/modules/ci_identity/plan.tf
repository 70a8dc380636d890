# A plan reads what is set up, and neither users nor their pictures. Everything is listed here: AWS's ReadOnlyAccess reads logs, secrets,
# items and objects too, and grows by AWS's hand (`dynamodb:PartiQLSelect` came so). `just tf-emulated` fails where a plan calls more.
#
# Two things could not be kept out: the settings of Roster's own functions, which `lambda:GetFunction` answers with, and the names
# of objects, since a bucket is looked at by `s3:ListBucket`.

resource "aws_iam_role_policy" "plan" {
  name   = "plan"
  role   = aws_iam_role.this["plan"].name
  policy = data.aws_iam_policy_document.plan.json
}

data "aws_iam_policy_document" "plan" {
  # checkov:skip=CKV_AWS_356: reads of settings whose resources have no names of ours, or whose API knows no resources
  statement {
    sid = "SettingsOfTheAccount"
    actions = [
      "backup:Describe*",
      "backup:Get*",
      "backup:List*",
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
      "eks:Describe*",
      "eks:List*",
      "kms:DescribeKey",
      "kms:GetKeyPolicy",
      "kms:GetKeyRotationStatus",
      "kms:ListAliases",
      "kms:ListResourceTags",
      "lambda:GetEventSourceMapping",
      "lambda:ListTags",
      "logs:DescribeLogGroups", # not what is in them
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
    # Not /apikeys, whose values are answered too.
    resources = [for path in ["apis", "apis/*", "domainnames/*", "tags/*"] :
      "arn:${local.partition}:apigateway:${data.aws_region.this.name}::/${path}"
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
      "${local.here.lambda}:function:${var.roles_prefix}*",
      "arn:${local.partition}:s3:::${var.roles_prefix}*",
      "${local.here.sns}:${var.roles_prefix}*",
      "${local.here.sqs}:${var.roles_prefix}*",
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
    resources = ["${local.iam}:role/${var.roles_prefix}*", "${local.iam}:policy/${var.roles_prefix}*", "${local.iam}:oidc-provider/*"]
  }

  # What the stacks publish for each other; another parameter may be a secret.
  statement {
    sid       = "Published"
    actions   = ["ssm:GetParameter", "ssm:GetParameters", "ssm:ListTagsForResource"]
    resources = [for environment in var.environments : "${local.here.ssm}:parameter/roster/${environment}/*"]
  }

  # Of a table the one item that Terraform wrote, and of a bucket of avatars its two objects: the marker, and CloudFront's public 404.
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

  # Both may be encrypted with the stack's own key, which DynamoDB and S3 ask in the caller's name.
  statement {
    sid       = "KeyOfTerraformsItem"
    actions   = ["kms:Decrypt"]
    resources = ["arn:${local.partition}:kms:${data.aws_region.this.name}:${local.account}:key/*"] # known by its alias

    condition {
      test     = "ForAnyValue:StringEquals"
      variable = "kms:ResourceAliases"
      values   = ["alias/${var.roles_prefix}data"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [for service in ["dynamodb", "s3"] : "${service}.${data.aws_region.this.name}.amazonaws.com"]
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

  # While it reads a state it holds its lock.
  statement {
    sid       = "Lock"
    actions   = ["s3:PutObject", "s3:DeleteObject"]
    resources = ["${var.state_bucket_arn}/*.tflock"]
  }
}
