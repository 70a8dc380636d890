provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

variables { bucket = "roster-test-123456789012" }

run "a_bucket_is_private_versioned_and_over_tls" {
  command = plan

  assert {
    condition     = aws_s3_bucket.this.bucket == "roster-test-123456789012" && !aws_s3_bucket.this.force_destroy
    error_message = "It has another name, or is destroyed with its objects."
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls, aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls, aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "Some kind of public access is not blocked."
  }

  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "Objects deleted by mistake are lost."
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256"
    error_message = "It is not encrypted."
  }

  assert {
    condition = [for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement : [statement.Sid, statement.Effect, statement.Condition]] == [
      ["TlsOnly", "Deny", { Bool = { "aws:SecureTransport" = "false" } }]
    ]
    error_message = "It is accessible without TLS, or its policy has more statements."
  }

  assert {
    condition     = { for rule in aws_s3_bucket_lifecycle_configuration.this[0].rule : rule.id => rule.status } == { old-versions = "Enabled", aborted-uploads = "Enabled" }
    error_message = "Old versions or aborted uploads are kept for ever."
  }

  assert {
    condition     = one(aws_s3_bucket_lifecycle_configuration.this[0].rule[0].expiration).expired_object_delete_marker
    error_message = "The marker of a deleted object stays for ever after its last version, and slows lists down."
  }
}

run "a_customer_managed_key_encrypts" {
  command = plan
  variables { key_arn = "arn:aws:kms:eu-central-1:123456789012:key/1" }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).kms_master_key_id == var.key_arn
    error_message = "The bucket is not encrypted with the key."
  }
}

run "without_days_there_is_no_rule" {
  command = plan
  variables { noncurrent_days = null }

  assert {
    condition     = length(aws_s3_bucket_lifecycle_configuration.this) == 0
    error_message = "There is a rule anyway."
  }
}

run "transient_objects_have_no_versions_and_expire" {
  command = plan

  variables {
    versioned       = false
    noncurrent_days = null
    expiration_days = 1
  }

  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Disabled" && !output.protection.versioned
    error_message = "Deleted objects are kept as versions."
  }

  assert {
    condition     = { for rule in aws_s3_bucket_lifecycle_configuration.expiring[0].rule : rule.id => rule.status } == { expired = "Enabled", aborted-uploads = "Enabled" }
    error_message = "Objects or aborted uploads are kept for ever."
  }

  assert {
    condition     = output.protection.expiration_days == 1 && length(aws_s3_bucket_lifecycle_configuration.this) == 0
    error_message = "Objects do not expire after a day, or the bucket has two configurations."
  }
}

run "further_statements_are_added_to_tls" {
  command = plan
  variables { policy = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"Read\",\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\",\"Resource\":\"*\",\"Principal\":\"*\"}]}" }

  assert {
    condition     = toset([for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement : statement.Sid]) == toset(["Read", "TlsOnly"])
    error_message = "The further statement is missing, or TLS is no longer required."
  }
}

run "a_name_in_capitals_is_refused" {
  command = plan
  variables { bucket = "Roster" }
  expect_failures = [var.bucket]
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

run "days_of_versions_without_versions_are_refused" {
  command = plan
  variables { versioned = false }
  expect_failures = [var.versioned]
}

run "an_expiration_after_zero_days_is_refused" {
  command = plan

  variables {
    versioned       = false
    noncurrent_days = null
    expiration_days = 0
  }

  expect_failures = [var.expiration_days]
}

run "an_expiration_of_versions_is_refused" {
  command = plan
  variables { expiration_days = 1 }
  expect_failures = [var.expiration_days]
}
