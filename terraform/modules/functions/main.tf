# The functions: each with its own role, log and alias. `api.tf` routes requests to them, `deploy.tf` moves traffic to a
# new version.

data "aws_region" "this" {}
data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}

locals {
  # The functions with a queue as event source; the others are invoked only by routes.
  of_queues = { for name, function in var.functions : name => function.queue if function.queue != null }
}

resource "aws_lambda_function" "this" {
  for_each = var.functions

  function_name                  = "${var.name}-${each.key}"
  description                    = "Roster: ${each.key}"
  role                           = aws_iam_role.this[each.key].arn
  filename                       = each.value.zip
  source_code_hash               = filebase64sha256(each.value.zip)
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  architectures                  = [var.architecture]
  memory_size                    = each.value.memory_mb
  timeout                        = each.value.timeout_s
  reserved_concurrent_executions = each.value.reserved_concurrency
  kms_key_arn                    = var.key_arn
  publish                        = true # a version for the alias to point at

  environment {
    variables = merge({ ROSTER_PUBLIC_URL = local.public_url }, each.value.environment)
  }

  tracing_config {
    mode = var.tracing ? "Active" : "PassThrough"
  }

  # Without the log group a function would create its own, which is kept for ever.
  depends_on = [aws_cloudwatch_log_group.this, aws_iam_role_policy.runtime]
}

# The alias that callers use. Terraform points it at the first version; deployments move it from then on.
resource "aws_lambda_alias" "this" {
  for_each = aws_lambda_function.this

  name             = "live"
  function_name    = each.value.function_name
  function_version = each.value.version

  lifecycle {
    ignore_changes = [function_version, routing_config]
  }
}

resource "aws_cloudwatch_log_group" "this" {
  for_each = var.functions

  name              = "/aws/lambda/${var.name}-${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.logs_key_arn
}

resource "aws_iam_role" "this" {
  for_each = var.functions

  name                 = "${var.name}-${each.key}"
  path                 = var.role_path
  assume_role_policy   = data.aws_iam_policy_document.lambda.json
  permissions_boundary = var.permissions_boundary
}

# Only for functions of this account: https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html.
# Not for one ARN: the event source assumes the same role, and AWS documents no ARN for that.
data "aws_iam_policy_document" "lambda" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.this.account_id]
    }
  }
}

# Permissions of its code.
resource "aws_iam_role_policy" "access" {
  for_each = var.functions

  name   = "access"
  role   = aws_iam_role.this[each.key].name
  policy = each.value.policy
}

# Permissions for Lambda itself, which acts with the same role.
resource "aws_iam_role_policy" "runtime" {
  for_each = var.functions

  name   = "runtime"
  role   = aws_iam_role.this[each.key].name
  policy = data.aws_iam_policy_document.runtime[each.key].json
}

data "aws_iam_policy_document" "runtime" {
  for_each = var.functions

  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this[each.key].arn}:*"] # its streams, whose names Lambda chooses
  }

  dynamic "statement" {
    for_each = var.tracing ? [1] : []

    content {
      sid       = "Trace"
      actions   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
      resources = ["*"] # X-Ray supports no resources for these actions
    }
  }

  dynamic "statement" {
    for_each = each.value.queue == null ? [] : [each.value.queue.arn]

    content {
      sid       = "EventSource"
      actions   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
      resources = [statement.value]
    }
  }

  dynamic "statement" {
    for_each = var.key_arn == null ? [] : [var.key_arn]

    content {
      sid       = "Settings"
      actions   = ["kms:Decrypt"]
      resources = [statement.value]

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["lambda.${data.aws_region.this.id}.amazonaws.com"]
      }
    }
  }
}

resource "aws_lambda_event_source_mapping" "this" {
  for_each = local.of_queues

  event_source_arn        = each.value.arn
  function_name           = aws_lambda_alias.this[each.key].arn
  batch_size              = each.value.batch_size
  function_response_types = ["ReportBatchItemFailures"] # only failed messages of a batch are redelivered

  scaling_config {
    maximum_concurrency = each.value.max_concurrency
  }

  depends_on = [aws_iam_role_policy.runtime]
}
