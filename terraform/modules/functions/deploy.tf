# Gradual deployment: `apply` publishes a version and moves no traffic; a deployment shifts the alias step by step, and an
# alarm rolls it back.

resource "aws_codedeploy_app" "this" {
  name             = var.name
  compute_platform = "Lambda"
}

resource "aws_codedeploy_deployment_group" "this" {
  for_each = var.functions

  app_name               = aws_codedeploy_app.this.name
  deployment_group_name  = each.key
  service_role_arn       = aws_iam_role.deploy.arn
  deployment_config_name = "CodeDeployDefault.Lambda${var.deployment}"

  deployment_style {
    deployment_type   = "BLUE_GREEN"
    deployment_option = "WITH_TRAFFIC_CONTROL"
  }

  alarm_configuration {
    enabled = true
    alarms = concat(
      [aws_cloudwatch_metric_alarm.errors[each.key].alarm_name],
      contains(local.routed, each.key) ? [aws_cloudwatch_metric_alarm.server_errors.alarm_name] : [],
    )
  }

  auto_rollback_configuration {
    enabled = true
    events  = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"]
  }
}

# Failed invocations: init errors, panics, timeouts. Responses with 500 are counted by the API.
resource "aws_cloudwatch_metric_alarm" "errors" {
  for_each = var.functions

  alarm_name          = "${var.name}-${each.key}-errors"
  alarm_description   = "Invocations of ${each.key} fail: see its log."
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = "${var.name}-${each.key}", Resource = "${var.name}-${each.key}:live" }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
}

resource "aws_cloudwatch_metric_alarm" "server_errors" {
  alarm_name          = "${var.name}-api-5xx"
  alarm_description   = "More than 1 % of responses are 5xx: see the logs of the functions."
  comparison_operator = "GreaterThanThreshold"
  threshold           = 1
  evaluation_periods  = 2
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns

  metric_query {
    id          = "percent"
    label       = "5xx in percent"
    expression  = "IF(answers > 0, 100 * errors / answers, 0)"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { errors = "5xx", answers = "Count" }

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/ApiGateway"
        metric_name = metric_query.value
        dimensions  = { ApiId = aws_apigatewayv2_api.this.id }
        stat        = "Sum"
        period      = 60
      }
    }
  }
}

resource "aws_iam_role" "deploy" {
  name                 = "${var.name}-deploy"
  path                 = var.role_path
  assume_role_policy   = data.aws_iam_policy_document.codedeploy.json
  permissions_boundary = var.permissions_boundary
}

# Only for deployment groups of this application:
# https://docs.aws.amazon.com/codedeploy/latest/userguide/security_confused_deputy.html
data "aws_iam_policy_document" "codedeploy" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["codedeploy.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.this.account_id]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${data.aws_partition.this.partition}:codedeploy:${data.aws_region.this.id}:${data.aws_caller_identity.this.account_id}:deploymentgroup:${var.name}/*"]
    }
  }
}

resource "aws_iam_role_policy" "deploy" {
  name   = "deploy"
  role   = aws_iam_role.deploy.name
  policy = data.aws_iam_policy_document.deploy.json
}

data "aws_iam_policy_document" "deploy" {
  statement {
    sid       = "ShiftTraffic"
    actions   = ["lambda:GetAlias", "lambda:UpdateAlias"]
    resources = [for function in aws_lambda_function.this : function.arn] # for their aliases; IAM identifies those by the function
  }

  statement {
    sid       = "LookAtConcurrency"
    actions   = ["lambda:GetProvisionedConcurrencyConfig"]
    resources = [for function in aws_lambda_function.this : "${function.arn}:live"]
  }

  statement {
    sid       = "LookAtAlarms"
    actions   = ["cloudwatch:DescribeAlarms"]
    resources = ["*"] # DescribeAlarms takes a filter, which has no ARN

    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = [data.aws_region.this.id]
    }
  }
}
