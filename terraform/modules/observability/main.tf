# Observability of Roster on AWS: alarms that belong to no other module, and a dashboard.

data "aws_region" "this" {}

# Throttled: the reserved concurrency, or that of the account, is exhausted.
resource "aws_cloudwatch_metric_alarm" "throttles" {
  for_each = var.function_names

  alarm_name          = "${var.name}-${each.key}-throttles"
  alarm_description   = "Invocations of ${each.key} are throttled: raise its reserved concurrency, or the account's quota."
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  dimensions          = { FunctionName = each.value }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
}

resource "aws_cloudwatch_metric_alarm" "latency" {
  for_each = var.api == null ? {} : { api = var.api.id }

  alarm_name          = "${var.name}-api-latency"
  alarm_description   = "The API's p99 latency exceeds ${var.latency_ms} ms."
  namespace           = "AWS/ApiGateway"
  metric_name         = "Latency"
  dimensions          = { ApiId = each.value }
  extended_statistic  = "p99"
  period              = 300
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.latency_ms
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
}

# DynamoDB throttles if it could not scale in time, or if one key is too hot.
resource "aws_cloudwatch_metric_alarm" "table_throttles" {
  for_each = toset(["ReadThrottleEvents", "WriteThrottleEvents"])

  alarm_name          = "${var.name}-table-${each.key}"
  alarm_description   = "DynamoDB throttles calls to the users table: a key is too hot, or the table has not scaled yet."
  namespace           = "AWS/DynamoDB"
  metric_name         = each.key
  dimensions          = { TableName = var.table_name }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
}

# An index is throttled by itself, and then holds up writes to the table.
resource "aws_cloudwatch_metric_alarm" "index_throttles" {
  for_each = merge([for index in var.index_names : {
    for metric in ["ReadThrottleEvents", "WriteThrottleEvents"] : "${index}-${metric}" => { index = index, metric = metric }
  }]...)

  alarm_name          = "${var.name}-index-${each.key}"
  alarm_description   = "DynamoDB throttles calls to an index of the users table: a key is too hot, or the index has not scaled yet."
  namespace           = "AWS/DynamoDB"
  metric_name         = each.value.metric
  dimensions          = { TableName = var.table_name, GlobalSecondaryIndexName = each.value.index }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 3
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
}

# Calls that DynamoDB itself failed, of the operations that Roster calls: the metric has no sum over all.
resource "aws_cloudwatch_metric_alarm" "table_errors" {
  alarm_name          = "${var.name}-table-errors"
  alarm_description   = "DynamoDB fails calls to the users table: see https://health.aws.amazon.com."
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns

  metric_query {
    id          = "errors"
    label       = "System errors"
    expression  = "SUM(METRICS())"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = ["BatchGetItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem"]

    content {
      id = "m${metric_query.key}"

      metric {
        namespace   = "AWS/DynamoDB"
        metric_name = "SystemErrors"
        dimensions  = { TableName = var.table_name, Operation = metric_query.value }
        stat        = "Sum"
        period      = 60
      }
    }
  }
}

locals {
  # Titles and metrics of the dashboard's graphs; those of functions only if there are functions.
  api_graphs = var.api == null ? {} : {
    "Responses" = [for metric in ["Count", "4xx", "5xx"] : ["AWS/ApiGateway", metric, "ApiId", var.api.id, { stat = "Sum" }]]
    "Response latency, ms" = [
      for stat in ["p50", "p99"] : ["AWS/ApiGateway", "Latency", "ApiId", var.api.id, { stat = stat, label = stat }]
    ]
  }
  function_graphs = length(var.function_names) == 0 ? {} : {
    "Functions: errors"           = [for name in var.function_names : ["AWS/Lambda", "Errors", "FunctionName", name, { stat = "Sum" }]]
    "Functions: concurrency"      = [for name in var.function_names : ["AWS/Lambda", "ConcurrentExecutions", "FunctionName", name, { stat = "Maximum" }]]
    "Functions: p99 duration, ms" = [for name in var.function_names : ["AWS/Lambda", "Duration", "FunctionName", name, { stat = "p99" }]]
  }
  store_graphs = {
    "Table: consumed units" = [
      for metric in ["ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"] : ["AWS/DynamoDB", metric, "TableName", var.table_name, { stat = "Sum" }]
    ]
    "Events waiting, and dead letters" = [
      for name in [var.queue_name, var.dead_letters_name] : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", name, { stat = "Maximum" }]
    ]
    "Age of the oldest waiting event, s" = [["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", var.queue_name, { stat = "Maximum" }]]
  }
  graphs = merge(local.api_graphs, local.function_graphs, local.store_graphs)
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name

  dashboard_body = jsonencode({
    widgets = [
      for at, title in sort(keys(local.graphs)) : {
        type   = "metric"
        x      = 12 * (at % 2)
        y      = 6 * floor(at / 2)
        width  = 12
        height = 6
        properties = {
          title   = title
          metrics = local.graphs[title]
          region  = data.aws_region.this.id
          period  = 60
          view    = "timeSeries"
        }
      }
    ]
  })
}
