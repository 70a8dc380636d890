# The permissions of each part of Roster: the single source of the policies of Lambda roles and pod roles.
#
# The actions are those that its code calls (`just tf-emulated` compares the two and fails on any difference). What AWS
# services do with a role themselves (logs, traces, the event source) is defined with the role.

locals {
  resources = {
    table        = [var.table_arn]
    other_hashes = [var.table_arn]
    by_hash      = ["${var.table_arn}/index/md5", "${var.table_arn}/index/other_id", "${var.table_arn}/index/other_md5"]
    avatars      = ["${var.bucket_arn}/avatars/*"]
    renditions   = ["${var.bucket_arn}/renditions/*"]
    marker       = ["${var.bucket_arn}/roster.json"]
    bucket       = [var.bucket_arn]
    announced    = ["${var.uploads_arn}/announced/*"]
    sent         = ["${var.uploads_arn}/sent/*"]
    claimed      = ["${var.uploads_arn}/claimed/*"]
    uploads      = [var.uploads_arn]
    queue        = [var.queue_arn]
    dead_letters = [var.dead_letters_arn]
  }

  # All attributes that a request may name, keys too, where its part must not change more of a user.
  # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
  attributes = {
    other_hashes = ["id", "other_id", "other_md5"]
  }

  # Every part that uses the bucket reads the marker first. A reader of objects may list the bucket: otherwise S3
  # returns 403 for a missing object, and Roster could not distinguish a lost image, or a missing marker, from a denied
  # one. No condition on `s3:prefix` narrows it: a GetObject has no prefix, so with one it is a 403 again.
  #
  # A direct upload is announced, sent and claimed. The client sends it by a URL that create-user signed, which allows
  # what its role may do. Only the bytes are deleted; the rest expires, and reports until then that they were used.
  functions = {
    create-user = {
      table   = ["dynamodb:GetItem", "dynamodb:PutItem"]
      marker  = ["s3:GetObject"]
      avatars = ["s3:PutObject", "s3:DeleteObject"]
      bucket  = ["s3:ListBucket"]

      announced = ["s3:PutObject", "s3:GetObject"]
      sent      = ["s3:PutObject", "s3:GetObject", "s3:DeleteObject"]
      claimed   = ["s3:PutObject", "s3:GetObject"]
      uploads   = ["s3:ListBucket"]
    }
    list-users = {
      table = ["dynamodb:GetItem", "dynamodb:Scan"]
    }
    manage-user = {
      table      = ["dynamodb:GetItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"]
      marker     = ["s3:GetObject"]
      avatars    = ["s3:PutObject", "s3:DeleteObject"]
      renditions = ["s3:DeleteObject"]
      bucket     = ["s3:ListBucket"]

      announced = ["s3:GetObject"]
      sent      = ["s3:GetObject", "s3:DeleteObject"]
      claimed   = ["s3:PutObject", "s3:GetObject"]
      uploads   = ["s3:ListBucket"]
    }
    serve-avatar = {
      table      = ["dynamodb:GetItem"]
      by_hash    = ["dynamodb:Query"]
      marker     = ["s3:GetObject"]
      avatars    = ["s3:GetObject"]
      renditions = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
      bucket     = ["s3:ListBucket"]
    }
    process-avatar = {
      table        = ["dynamodb:GetItem"]
      marker       = ["s3:GetObject"]
      avatars      = ["s3:GetObject"]
      renditions   = ["s3:PutObject", "s3:DeleteObject"]
      bucket       = ["s3:ListBucket"]
      queue        = ["sqs:SendMessage"] # a postponed event is sent again
      dead_letters = ["sqs:SendMessage"]
    }
  }

  # `roster serve --no-worker`: the combined permissions of the functions with routes.
  routed = [for name, access in local.functions : access if name != "process-avatar"]
  api = {
    for kind in keys(local.resources) : kind => distinct(flatten([for access in local.routed : lookup(access, kind, [])]))
  }

  access = merge(local.functions, {
    api = local.api

    # `roster worker`: it polls the queue itself, and reports waiting events and dead letters.
    worker = merge(local.functions.process-avatar, {
      queue        = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:SendMessage", "sqs:GetQueueAttributes"]
      dead_letters = ["sqs:SendMessage", "sqs:GetQueueAttributes"]
    })

    # `roster sweep`, `roster renditions`, `roster events` and `roster users`, run by an operator or on a schedule. None
    # writes the marker: `roster claim` is for a bucket that Terraform does not manage. Of a user only `roster users index`
    # writes, and only the hashes of the other form of its e-mail: the scheduled sweep has this role too.
    operator = {
      table        = ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Scan"]
      other_hashes = ["dynamodb:UpdateItem"]
      marker       = ["s3:GetObject"]
      avatars      = ["s3:GetObject", "s3:DeleteObject"]
      renditions   = ["s3:DeleteObject"]
      bucket       = ["s3:ListBucket"]
      queue        = ["sqs:SendMessage"]
      dead_letters = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"]
    }
  })

  # With a customer-managed key DynamoDB and S3 call KMS on behalf of the caller: for every read, and for the data key
  # of a new object.
  key_actions = {
    for name, access in local.access : name => concat(
      ["kms:Decrypt"],
      contains(flatten(values(access)), "s3:PutObject") ? ["kms:GenerateDataKey"] : [],
    )
  }
}

data "aws_region" "this" {}

data "aws_iam_policy_document" "this" {
  for_each = local.access

  dynamic "statement" {
    for_each = { for kind, actions in each.value : kind => actions if length(actions) > 0 }

    content {
      sid       = replace(title(replace(statement.key, "_", " ")), " ", "")
      actions   = statement.value
      resources = local.resources[statement.key]

      dynamic "condition" {
        for_each = contains(keys(local.attributes), statement.key) ? [local.attributes[statement.key]] : []

        content {
          test     = "ForAllValues:StringEquals"
          variable = "dynamodb:Attributes"
          values   = condition.value
        }
      }
    }
  }

  dynamic "statement" {
    for_each = length(var.key_arns) > 0 ? [local.key_actions[each.key]] : []

    content {
      sid       = "Key"
      actions   = statement.value
      resources = var.key_arns

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = [for service in ["dynamodb", "s3"] : "${service}.${data.aws_region.this.id}.amazonaws.com"]
      }
    }
  }
}
