provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

variables {
  name              = "roster-test"
  table_name        = "users"
  queue_name        = "events"
  dead_letters_name = "dead"
}

run "without_functions_their_graphs_are_left_out" {
  command = plan

  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets) == 3 && length(aws_cloudwatch_metric_alarm.latency) == 0
    error_message = "A graph or an alarm has nothing to show."
  }
}

run "the_dashboard_is_complete_and_alarms_notify" {
  command = plan
  variables {
    function_names   = { list-users = "roster-test-list-users" }
    api              = { id = "abc" }
    alarm_topic_arns = ["arn:aws:sns:eu-central-1:123456789012:alerts"]
  }

  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets) == 8
    error_message = "A graph is missing."
  }

  assert {
    condition = alltrue([
      for alarm in concat(values(aws_cloudwatch_metric_alarm.throttles), values(aws_cloudwatch_metric_alarm.latency), values(aws_cloudwatch_metric_alarm.table_throttles)) :
      alarm.alarm_actions == toset(var.alarm_topic_arns)
    ])
    error_message = "An alarm has no topic."
  }
}

run "throttles_of_an_index_and_errors_of_dynamodb_are_noticed" {
  command = plan
  variables { index_names = ["md5"] }

  assert {
    condition     = { for name, alarm in aws_cloudwatch_metric_alarm.index_throttles : name => alarm.dimensions.GlobalSecondaryIndexName } == { md5-ReadThrottleEvents = "md5", md5-WriteThrottleEvents = "md5" }
    error_message = "An index is throttled unnoticed."
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.table_errors.metric_query) == 8 && alltrue([for query in aws_cloudwatch_metric_alarm.table_errors.metric_query : query.return_data if query.id == "errors"])
    error_message = "Failures of DynamoDB are not noticed. An alarm takes ten metrics at most."
  }
}

run "a_name_in_capitals_is_refused" {
  command = plan
  variables { name = "Roster" }
  expect_failures = [var.name]
}

run "a_latency_of_zero_is_refused" {
  command = plan
  variables { latency_ms = 0 }
  expect_failures = [var.latency_ms]
}
