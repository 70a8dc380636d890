# The users table: one item per user, keyed by the digest of the e-mail.

resource "aws_dynamodb_table" "this" {
  name                        = "${var.name}-users${var.generation == null ? "" : "-${var.generation}"}"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "id"
  deletion_protection_enabled = var.deletion_protection

  attribute {
    name = "id"
    type = "S"
  }

  attribute {
    name = "md5"
    type = "S"
  }

  attribute {
    name = "other_id"
    type = "S"
  }

  attribute {
    name = "other_md5"
    type = "S"
  }

  # For older clients of Libravatar. Keys only: the item itself is read by its id.
  global_secondary_index {
    name            = "md5"
    hash_key        = "md5"
    projection_type = "KEYS_ONLY"
  }

  # The hashes of the other form of an internationalized e-mail. Few items have them, so both are almost empty.
  global_secondary_index {
    name            = "other_id"
    hash_key        = "other_id"
    projection_type = "KEYS_ONLY"
  }

  global_secondary_index {
    name            = "other_md5"
    hash_key        = "other_md5"
    projection_type = "KEYS_ONLY"
  }

  point_in_time_recovery {
    enabled = var.point_in_time_recovery
  }

  # Without a customer-managed key DynamoDB encrypts with a key of AWS.
  server_side_encryption {
    enabled     = var.key_arn != null
    kms_key_arn = var.key_arn
  }
}

# Marks whose data this is. Roster serves nothing if it names another environment.
resource "aws_dynamodb_table_item" "environment" {
  table_name = aws_dynamodb_table.this.name
  hash_key   = aws_dynamodb_table.this.hash_key

  item = jsonencode({
    id          = { S = "#roster" }
    environment = { S = var.environment }
  })
}
