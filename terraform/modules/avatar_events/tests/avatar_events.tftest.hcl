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

override_resource {
  target          = aws_sqs_queue.dead_letters
  override_during = plan
  values          = { arn = "arn:aws:sqs:eu-central-1:123456789012:roster-test-avatars-dead-letters" }
}

variables {
  name       = "roster-test"
  bucket_arn = "arn:aws:s3:::roster-test-avatars-123456789012"
}

run "an_event_is_tried_five_times_and_then_kept" {
  command = plan

  assert {
    condition = jsondecode(aws_sqs_queue.this.redrive_policy) == {
      deadLetterTargetArn = "arn:aws:sqs:eu-central-1:123456789012:roster-test-avatars-dead-letters", maxReceiveCount = 5
    }
    error_message = "It is not dead-lettered after five receives."
  }

  assert {
    condition     = aws_sqs_queue.dead_letters.message_retention_seconds == 1209600 && aws_sqs_queue.this.sqs_managed_sse_enabled && aws_sqs_queue.dead_letters.sqs_managed_sse_enabled
    error_message = "Dead letters are not kept for 14 days, or a queue is not encrypted."
  }

  assert {
    condition     = aws_sqs_queue.this.visibility_timeout_seconds >= 6 * 30
    error_message = "The visibility timeout is less than six times the timeout of the function that processes it."
  }
}

run "one_bucket_sends" {
  command = plan

  assert {
    condition = [for statement in jsondecode(aws_sqs_queue_policy.this.policy).Statement : statement if statement.Effect == "Allow"] == [{
      Sid       = "BucketSends"
      Effect    = "Allow"
      Action    = "sqs:SendMessage"
      Principal = { Service = "s3.amazonaws.com" }
      Resource  = "arn:aws:sqs:eu-central-1:123456789012:roster-test-avatars"
      Condition = { ArnEquals = { "aws:SourceArn" = "arn:aws:s3:::roster-test-avatars-123456789012" } }
    }]
    error_message = "A sender other than the bucket is allowed."
  }
}

run "alarms_notify_the_topic" {
  command = plan
  variables { alarm_topic_arns = ["arn:aws:sns:eu-central-1:123456789012:alerts"] }

  assert {
    condition     = aws_cloudwatch_metric_alarm.age.alarm_actions == toset(var.alarm_topic_arns) && aws_cloudwatch_metric_alarm.dead_letters.alarm_actions == toset(var.alarm_topic_arns)
    error_message = "An alarm has no topic."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.dead_letters.threshold == 0
    error_message = "One dead letter raises no alarm."
  }
}

run "a_name_in_capitals_is_refused" {
  command = plan
  variables { name = "Roster" }
  expect_failures = [var.name]
}

run "a_malformed_bucket_arn_is_refused" {
  command = plan
  variables { bucket_arn = "bucket" }
  expect_failures = [var.bucket_arn]
}

run "a_second_is_refused" {
  command = plan
  variables { visibility_timeout_s = 1 }
  expect_failures = [var.visibility_timeout_s]
}

run "a_second_of_age_is_refused" {
  command = plan
  variables { max_age_s = 1 }
  expect_failures = [var.max_age_s]
}
