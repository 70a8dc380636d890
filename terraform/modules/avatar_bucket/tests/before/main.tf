# The bucket as it was written before it was a module of its own: what a state of then holds.

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
  value = aws_s3_bucket.this.id
}
