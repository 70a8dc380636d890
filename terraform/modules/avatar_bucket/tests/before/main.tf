terraform {
  required_version = "~> 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
}

# The bucket as defined before it became a module of its own, as in a state from that time.

resource "aws_s3_bucket" "this" {
  bucket = "roster-test-avatars-123456789012"
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id

  versioning_configuration {
    status = "Enabled"
  }
}

output "name" {
  description = "Name of the bucket."
  value       = aws_s3_bucket.this.id
}
