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

variables {
  name        = "roster-test"
  environment = "test"
  table_name  = "roster-test-users"
  queue_arn   = "arn:aws:sqs:eu-central-1:123456789012:roster-test-avatars"
}

run "a_bucket_has_the_account_in_its_name_and_notifies_the_queue_of_avatars" {
  command = plan

  assert {
    condition     = module.bucket.arn == "arn:aws:s3:::roster-test-avatars-123456789012" && !module.bucket.protection.force_destroy
    error_message = "It is not named after its input and account, or is destroyed with its objects."
  }

  assert {
    condition     = [for statement in jsondecode(module.bucket.protection.policy).Statement : statement.Sid] == ["TlsOnly"] && module.bucket.protection.versioned && module.bucket.protection.noncurrent_days == 30
    error_message = "Its policy has more than the TLS statement, or old versions are lost or kept for ever."
  }

  assert {
    condition     = one(aws_s3_bucket_notification.this.queue).filter_prefix == "avatars/" && one(aws_s3_bucket_notification.this.queue).events == toset(["s3:ObjectCreated:*"])
    error_message = "The queue is not notified of avatars only."
  }
}

run "aws_backup_is_notified_if_it_backs_up" {
  command = plan
  variables { backed_up = true }

  assert {
    condition     = aws_s3_bucket_notification.this.eventbridge && length(aws_s3_bucket_notification.this.queue) == 1
    error_message = "An apply turns off what continuous backups need."
  }
}

run "cloudfront_gets_avatars_and_lists_nothing" {
  command = plan
  variables { cloudfront_reads = true }

  assert {
    condition = jsonencode([for statement in jsondecode(module.bucket.protection.policy).Statement : [statement.Action, sort(statement.Resource)] if statement.Effect == "Allow"]) == jsonencode([
      ["s3:GetObject", ["arn:aws:s3:::roster-test-avatars-123456789012/avatars/*", "arn:aws:s3:::roster-test-avatars-123456789012/errors/not-found.json"]]
    ])
    error_message = "CloudFront may do more than get avatars and the page for missing ones: with s3:ListBucket GET / shows every key."
  }

  assert {
    condition     = aws_s3_object.error_page[0].key == output.error_page && jsondecode(aws_s3_object.error_page[0].content).status == 404
    error_message = "CloudFront has no page for a missing object."
  }
}

run "without_cloudfront_there_is_no_page" {
  command = plan

  assert {
    condition     = output.error_page == null
    error_message = "There is a page anyway."
  }
}

run "a_bucket_names_its_environment_and_table" {
  command = plan

  assert {
    condition     = aws_s3_object.marker.key == "roster.json" && aws_s3_object.marker.content_type == "application/json"
    error_message = "Roster reads the marker from another key."
  }

  assert {
    condition     = aws_s3_object.marker.content == "{\"environment\":\"test\",\"table\":\"roster-test-users\"}" && output.marker == aws_s3_object.marker.content
    error_message = "The bucket names another environment or table."
  }

  assert {
    condition     = !startswith(aws_s3_object.marker.key, one(aws_s3_bucket_notification.this.queue).filter_prefix)
    error_message = "The marker raises an event."
  }
}

run "an_object_that_was_overwritten_is_written_again" {
  command = plan

  variables {
    cloudfront_reads = true
    key_arn          = "arn:aws:kms:eu-central-1:123456789012:key/1"
  }

  assert {
    condition = alltrue([for object in [aws_s3_object.marker, aws_s3_object.error_page[0]] :
      object.etag == md5(object.content) && object.server_side_encryption == "AES256"
    ])
    error_message = "A refresh does not detect it: the ETag is not set, or not the MD5 of the content."
  }
}

run "a_customer_managed_key_encrypts" {
  command = plan
  variables { key_arn = "arn:aws:kms:eu-central-1:123456789012:key/1" }

  assert {
    condition     = module.bucket.protection.key_arn == var.key_arn
    error_message = "The bucket is not encrypted with the key."
  }
}

run "without_days_there_is_no_rule" {
  command = plan
  variables { noncurrent_days = null }

  assert {
    condition     = module.bucket.protection.noncurrent_days == null
    error_message = "There is a rule anyway."
  }
}

run "a_restored_one_has_another_name" {
  command = plan
  variables { generation = 2 }

  assert {
    condition     = module.bucket.arn == "arn:aws:s3:::roster-test-avatars-2-123456789012"
    error_message = "It has the name of the lost one."
  }
}

run "a_name_in_capitals_is_refused" {
  command = plan
  variables { name = "Roster" }
  expect_failures = [var.name]
}

run "an_environment_in_capitals_is_refused" {
  command = plan
  variables { environment = "Test" }
  expect_failures = [var.environment]
}

run "a_table_by_its_arn_is_refused" {
  command = plan
  variables { table_name = "arn:aws:dynamodb:eu-central-1:123456789012:table/users" }
  expect_failures = [var.table_name]
}

run "a_malformed_queue_arn_is_refused" {
  command = plan
  variables { queue_arn = "arn:aws:sns:eu-central-1:123456789012:topic" }
  expect_failures = [var.queue_arn]
}

run "a_malformed_key_arn_is_refused" {
  command = plan
  variables { key_arn = "alias/key" }
  expect_failures = [var.key_arn]
}

run "zero_days_are_refused" {
  command = plan
  variables { noncurrent_days = 0 }
  expect_failures = [var.noncurrent_days]
}

run "the_first_generation_by_number_is_refused" {
  command = plan
  variables { generation = 1 }
  expect_failures = [var.generation]
}
