provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

variables {
  table_arn        = "arn:aws:dynamodb:eu-central-1:123456789012:table/users"
  bucket_arn       = "arn:aws:s3:::avatars"
  uploads_arn      = "arn:aws:s3:::uploads"
  queue_arn        = "arn:aws:sqs:eu-central-1:123456789012:events"
  dead_letters_arn = "arn:aws:sqs:eu-central-1:123456789012:dead"
}

run "no_policy_has_an_asterisk_for_an_action_or_a_whole_resource" {
  command = plan

  assert {
    condition = alltrue(flatten([for policy in output.policies : [for statement in jsondecode(policy).Statement : [
      for action in flatten([statement.Action]) : !strcontains(action, "*")
    ]]]))
    error_message = "An action has an asterisk."
  }

  assert {
    condition = alltrue(flatten([for policy in output.policies : [for statement in jsondecode(policy).Statement : [
      for resource in flatten([statement.Resource]) : contains([
        var.table_arn, "${var.table_arn}/index/md5", "${var.table_arn}/index/other_id", "${var.table_arn}/index/other_md5", var.bucket_arn, "${var.bucket_arn}/avatars/*", "${var.bucket_arn}/renditions/*", "${var.bucket_arn}/roster.json",
        var.uploads_arn, "${var.uploads_arn}/announced/*", "${var.uploads_arn}/sent/*", "${var.uploads_arn}/claimed/*", var.queue_arn, var.dead_letters_arn,
      ], resource)
    ]]]))
    error_message = "A resource is none of the five, and not part of one."
  }

  assert {
    condition     = toset(keys(output.policies)) == toset(["create-user", "list-users", "manage-user", "serve-avatar", "process-avatar", "api", "worker", "operator"])
    error_message = "A part has no policy."
  }
}

run "list_users_does_not_write" {
  command = plan

  assert {
    condition     = jsondecode(output.policies["list-users"]).Statement == [{ Sid = "Table", Effect = "Allow", Action = ["dynamodb:Scan", "dynamodb:GetItem"], Resource = var.table_arn }]
    error_message = "list-users may do more than read the table."
  }

  assert {
    condition = alltrue([for name in ["create-user", "list-users", "serve-avatar", "process-avatar", "worker", "operator"] : alltrue(flatten([
      for statement in jsondecode(output.policies[name]).Statement : [for action in flatten([statement.Action]) : action != "dynamodb:DeleteItem"]
    ]))])
    error_message = "A part other than manage-user and the API may erase users."
  }
}

run "the_operator_may_make_the_calls_of_each_data_tool_and_no_others" {
  command = plan

  assert {
    condition = toset(flatten([for statement in jsondecode(output.policies["operator"]).Statement : statement.Action])) == toset(flatten(values({
      each          = ["dynamodb:GetItem", "s3:GetObject", "s3:ListBucket"] # whose table and bucket these are
      sweep         = ["dynamodb:Scan", "dynamodb:BatchGetItem", "s3:DeleteObject", "sqs:SendMessage"]
      remake        = ["dynamodb:Scan", "s3:GetObject", "sqs:SendMessage"]
      events_list   = ["sqs:ReceiveMessage", "sqs:ChangeMessageVisibility"]
      events_change = ["sqs:ReceiveMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes", "sqs:SendMessage", "sqs:DeleteMessage"]
      users_twins   = ["dynamodb:Scan", "dynamodb:GetItem"]
      users_index   = ["dynamodb:Scan", "dynamodb:GetItem", "dynamodb:UpdateItem"]
    })))
    error_message = "A data tool cannot make its calls, or the operator may do more. `just tf-emulated` runs each tool with this policy."
  }
}

run "the_operator_changes_nothing_of_a_user_but_the_other_hashes" {
  command = plan

  assert {
    condition = [for statement in jsondecode(output.policies["operator"]).Statement : try(toset(statement.Condition["ForAllValues:StringEquals"]["dynamodb:Attributes"]), null)
      if contains(flatten([statement.Action]), "dynamodb:UpdateItem")
    ] == [toset(["id", "other_id", "other_md5"])]
    error_message = "A scheduled sweep may rename users."
  }

  assert {
    condition = toset([for name, policy in output.policies : name if anytrue([
      for statement in jsondecode(policy).Statement : can(statement.Condition) && contains(flatten([statement.Action]), "dynamodb:UpdateItem")
    ])]) == toset(["operator"])
    error_message = "A part that changes users may set the other hashes only."
  }
}

run "readers_of_objects_may_list_their_bucket" {
  command = plan

  assert {
    condition = alltrue(flatten([for bucket in [var.bucket_arn, var.uploads_arn] : [for policy in output.policies :
      anytrue(flatten([for statement in jsondecode(policy).Statement : [for action in flatten([statement.Action]) : action == "s3:ListBucket" && statement.Resource == bucket]]))
      if anytrue([for statement in jsondecode(policy).Statement : contains(flatten([statement.Action]), "s3:GetObject") && anytrue([for it in flatten([statement.Resource]) : startswith(it, "${bucket}/")])])
    ]]))
    error_message = "A part cannot distinguish a missing object from a denied one."
  }
}

run "only_those_that_take_uploads_use_their_bucket" {
  command = plan

  assert {
    condition     = toset([for name, policy in output.policies : name if strcontains(policy, var.uploads_arn)]) == toset(["create-user", "manage-user", "api"])
    error_message = "Another part may use the bytes that wait."
  }

  assert {
    condition = {
      for name in ["create-user", "manage-user", "api"] : name => {
        for statement in jsondecode(output.policies[name]).Statement : trimprefix(one(flatten([statement.Resource])), "${var.uploads_arn}/") => join(" ", sort(flatten([statement.Action])))
        if startswith(flatten([statement.Resource])[0], "${var.uploads_arn}/")
      }
      } == {
      create-user = { "announced/*" = "s3:GetObject s3:PutObject", "sent/*" = "s3:DeleteObject s3:GetObject s3:PutObject", "claimed/*" = "s3:GetObject s3:PutObject" }
      manage-user = { "announced/*" = "s3:GetObject", "sent/*" = "s3:DeleteObject s3:GetObject", "claimed/*" = "s3:GetObject s3:PutObject" }
      api         = { "announced/*" = "s3:GetObject s3:PutObject", "sent/*" = "s3:DeleteObject s3:GetObject s3:PutObject", "claimed/*" = "s3:GetObject s3:PutObject" }
    }
    error_message = "manage-user may announce or send, a part may claim twice by deleting the claim, or cannot take an upload."
  }
}

run "users_of_the_bucket_read_its_marker_and_none_writes_it" {
  command = plan

  assert {
    condition = {
      for name, policy in output.policies : name => join(" ", flatten([
        for statement in jsondecode(policy).Statement : statement.Action if statement.Resource == "${var.bucket_arn}/roster.json"
      ]))
      } == {
      for name in keys(output.policies) : name => name == "list-users" ? "" : "s3:GetObject"
    }
    error_message = "A process cannot read the marker of its bucket, or may change it."
  }
}

run "a_key_is_used_only_through_the_stores" {
  command = plan
  variables { key_arns = ["arn:aws:kms:eu-central-1:123456789012:key/1"] }

  assert {
    condition = alltrue([for policy in output.policies : one([
      for statement in jsondecode(policy).Statement : toset(statement.Condition.StringEquals["kms:ViaService"]) if statement.Sid == "Key"
    ]) == toset(["s3.eu-central-1.amazonaws.com", "dynamodb.eu-central-1.amazonaws.com"])])
    error_message = "The key can be used other than through the stores."
  }

  assert {
    condition = {
      for name, policy in output.policies : name => sort(flatten([for statement in jsondecode(policy).Statement : statement.Action if statement.Sid == "Key"]))
      } == {
      for name in keys(output.policies) : name => contains(["list-users", "operator"], name) ? ["kms:Decrypt"] : ["kms:Decrypt", "kms:GenerateDataKey"]
    }
    error_message = "A reader may generate data keys, or a writer may not."
  }
}

run "any_table_is_refused" {
  command = plan
  variables { table_arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/*" }
  expect_failures = [var.table_arn]
}

run "any_bucket_is_refused" {
  command = plan
  variables { bucket_arn = "arn:aws:s3:::*" }
  expect_failures = [var.bucket_arn]
}

run "any_bucket_of_uploads_is_refused" {
  command = plan
  variables { uploads_arn = "arn:aws:s3:::*" }
  expect_failures = [var.uploads_arn]
}

run "any_queue_is_refused" {
  command = plan
  variables { queue_arn = "arn:aws:sqs:eu-central-1:123456789012:*" }
  expect_failures = [var.queue_arn]
}

run "any_dead_letters_is_refused" {
  command = plan
  variables { dead_letters_arn = "*" }
  expect_failures = [var.dead_letters_arn]
}

run "any_key_is_refused" {
  command = plan
  variables { key_arns = ["arn:aws:kms:eu-central-1:123456789012:key/*"] }
  expect_failures = [var.key_arns]
}
