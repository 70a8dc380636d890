provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

override_data {
  target = data.aws_caller_identity.this
  values = { account_id = "123456789012" }
}

override_data {
  target = data.aws_partition.this
  values = { partition = "aws" }
}

variables {
  name = "roster-test"
  functions = {
    list-users = {
      zip         = "./main.tf"
      policy      = "{}"
      environment = { ROSTER_STORAGE = "aws" }
      memory_mb   = 256
      routes      = { "$default" = {}, "GET /users" = { authorized = true } }
    }
    process-avatar = {
      zip         = "./main.tf"
      policy      = "{}"
      environment = {}
      memory_mb   = 1024
      queue       = { arn = "arn:aws:sqs:eu-central-1:123456789012:events" }
    }
  }
}

run "each_function_has_its_own_role_log_and_alias" {
  command = plan

  assert {
    condition     = { for name, function in aws_lambda_function.this : name => function.function_name } == { list-users = "roster-test-list-users", process-avatar = "roster-test-process-avatar" }
    error_message = "A function has another name."
  }

  assert {
    condition     = aws_lambda_function.this["list-users"].runtime == "provided.al2023" && aws_lambda_function.this["list-users"].architectures == tolist(["arm64"])
    error_message = "A function has another runtime."
  }

  assert {
    condition     = toset(keys(aws_iam_role.this)) == toset(keys(aws_lambda_alias.this)) && aws_cloudwatch_log_group.this["list-users"].retention_in_days == 30
    error_message = "Roles or logs are shared, or kept for ever."
  }
}

run "only_failed_messages_are_redelivered" {
  command = plan

  assert {
    condition     = aws_lambda_event_source_mapping.this["process-avatar"].function_response_types == toset(["ReportBatchItemFailures"])
    error_message = "A whole batch is redelivered if one message fails."
  }
}

run "without_an_authorizer_every_route_is_open" {
  command = plan

  assert {
    condition     = alltrue([for route in aws_apigatewayv2_route.this : route.authorization_type == "NONE"])
    error_message = "A route has an authorizer that does not exist."
  }
}

run "an_authorizer_guards_authorized_routes" {
  command = plan
  variables { authorizer = { issuer = "https://id.example.org", audience = "roster" } }

  assert {
    condition     = { for key, route in aws_apigatewayv2_route.this : key => route.authorization_type } == { "$default" = "NONE", "GET /users" = "JWT" }
    error_message = "A route is open that should not be, or the reverse."
  }
}

run "a_deployment_rolls_back_on_an_alarm" {
  command = plan

  assert {
    condition     = aws_codedeploy_deployment_group.this["list-users"].deployment_config_name == "CodeDeployDefault.LambdaCanary10Percent5Minutes"
    error_message = "All traffic moves at once."
  }

  assert {
    condition = one(aws_codedeploy_deployment_group.this["list-users"].alarm_configuration).alarms == toset(["roster-test-list-users-errors", "roster-test-api-5xx"]) && (
    one(aws_codedeploy_deployment_group.this["process-avatar"].alarm_configuration).alarms == toset(["roster-test-process-avatar-errors"]))
    error_message = "The deployment does not use its alarms."
  }
}

run "paths_are_not_logged" {
  command = plan

  assert {
    condition     = !strcontains(one(aws_apigatewayv2_stage.this.access_log_settings).format, "path") && !strcontains(one(aws_apigatewayv2_stage.this.access_log_settings).format, "sourceIp")
    error_message = "The access log records who requested whose picture."
  }
}

run "a_name_in_capitals_is_refused" {
  command = plan
  variables { name = "Roster" }
  expect_failures = [var.name]
}

run "another_architecture_is_refused" {
  command = plan
  variables { architecture = "riscv" }
  expect_failures = [var.architecture]
}

run "a_limit_of_zero_requests_is_refused" {
  command = plan
  variables { throttling = { rate = 0, burst = 0 } }
  expect_failures = [var.throttling]
}

run "an_issuer_without_tls_is_refused" {
  command = plan
  variables { authorizer = { issuer = "http://id.example.org", audience = "a" } }
  expect_failures = [var.authorizer]
}

run "another_deployment_is_refused" {
  command = plan
  variables { deployment = "Yolo" }
  expect_failures = [var.deployment]
}

run "another_retention_is_refused" {
  command = plan
  variables { log_retention_days = 31 }
  expect_failures = [var.log_retention_days]
}

run "a_second_is_refused" {
  command = plan
  variables { functions = { f = { zip = "./main.tf", policy = "{}", environment = {}, memory_mb = 128, timeout_s = 1 } } }
  expect_failures = [var.functions]
}

run "a_timeout_of_a_minute_is_refused" {
  command = plan
  variables { functions = { f = { zip = "./main.tf", policy = "{}", environment = {}, memory_mb = 128, timeout_s = 60 } } }
  expect_failures = [var.functions]
}

run "too_little_memory_is_refused" {
  command = plan
  variables { functions = { f = { zip = "./main.tf", policy = "{}", environment = {}, memory_mb = 64 } } }
  expect_failures = [var.functions]
}

run "a_route_without_a_method_is_refused" {
  command = plan
  variables { functions = { f = { zip = "./main.tf", policy = "{}", environment = {}, memory_mb = 128, routes = { "/users" = {} } } } }
  expect_failures = [var.functions]
}

run "concurrency_that_a_queue_cannot_use_is_refused" {
  command = plan
  variables { functions = { f = { zip = "./main.tf", policy = "{}", environment = {}, memory_mb = 128, reserved_concurrency = 50, queue = { arn = "arn:aws:sqs:eu-central-1:123456789012:events", max_concurrency = 10 } } } }
  expect_failures = [var.functions]
}

run "the_share_of_server_errors_is_zero_without_responses" {
  command = plan

  assert {
    condition     = one([for query in aws_cloudwatch_metric_alarm.server_errors.metric_query : query.expression if query.id == "percent"]) == "IF(answers > 0, 100 * errors / answers, 0)"
    error_message = "The alarm divides by nothing."
  }
}

run "a_queue_concurrency_of_one_is_refused" {
  command = plan
  variables { functions = { f = { zip = "./main.tf", policy = "{}", environment = {}, memory_mb = 128, queue = { arn = "arn:aws:sqs:eu-central-1:123456789012:events", max_concurrency = 1 } } } }
  expect_failures = [var.functions]
}

run "roles_are_for_this_account_and_within_the_boundary" {
  command = plan
  variables { permissions_boundary = "arn:aws:iam::123456789012:policy/roster-test-boundary" }

  assert {
    condition = alltrue([
      for role in aws_iam_role.this : jsondecode(role.assume_role_policy).Statement[0].Condition == { StringEquals = { "aws:SourceAccount" = "123456789012" } }
    ])
    error_message = "A function of another account may assume a role."
  }

  assert {
    condition = jsondecode(aws_iam_role.deploy.assume_role_policy).Statement[0].Condition == {
      StringEquals = { "aws:SourceAccount" = "123456789012" }
      ArnLike      = { "aws:SourceArn" = "arn:aws:codedeploy:eu-central-1:123456789012:deploymentgroup:roster-test/*" }
    }
    error_message = "Another CodeDeploy application may assume the role."
  }

  assert {
    condition     = alltrue([for role in concat(values(aws_iam_role.this), [aws_iam_role.deploy]) : role.permissions_boundary == var.permissions_boundary])
    error_message = "A role has no boundary."
  }
}

run "a_boundary_by_its_name_is_refused" {
  command = plan
  variables { permissions_boundary = "roster-dev-boundary" }
  expect_failures = [var.permissions_boundary]
}

run "a_path_without_its_slashes_is_refused" {
  command = plan
  variables { role_path = "teams" }
  expect_failures = [var.role_path]
}
