# A record of each accepted or rejected connection.

resource "aws_flow_log" "this" {
  count = var.flow_log_days == null ? 0 : 1

  vpc_id                   = aws_vpc.this.id
  traffic_type             = "ALL"
  log_destination          = aws_cloudwatch_log_group.flow[0].arn
  iam_role_arn             = aws_iam_role.flow[0].arn
  max_aggregation_interval = 600

  tags = { Name = var.name }
}

resource "aws_cloudwatch_log_group" "flow" {
  count = var.flow_log_days == null ? 0 : 1

  name              = "/aws/vpc/${var.name}"
  retention_in_days = var.flow_log_days
  kms_key_id        = var.logs_key_arn
}

resource "aws_iam_role" "flow" {
  count = var.flow_log_days == null ? 0 : 1

  name                 = "${var.name}-flow-logs"
  path                 = var.role_path
  assume_role_policy   = data.aws_iam_policy_document.flow_trust.json
  permissions_boundary = var.permissions_boundary
}

# Only flow logs of this account and region: https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
data "aws_iam_policy_document" "flow_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["vpc-flow-logs.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.this.account_id]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${data.aws_partition.this.partition}:ec2:${data.aws_region.this.id}:${data.aws_caller_identity.this.account_id}:vpc-flow-log/*"]
    }
  }
}

resource "aws_iam_role_policy" "flow" {
  count = var.flow_log_days == null ? 0 : 1

  name   = "log"
  role   = aws_iam_role.flow[0].name
  policy = data.aws_iam_policy_document.flow[0].json
}

data "aws_iam_policy_document" "flow" {
  count = var.flow_log_days == null ? 0 : 1

  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
    resources = ["${aws_cloudwatch_log_group.flow[0].arn}:*"] # its streams, one per network interface
  }
}
