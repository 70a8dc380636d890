output "name" {
  description = "Name of the bucket, known once it is created."
  value       = aws_s3_bucket.this.id
}

output "arn" {
  description = "ARN of the bucket, known before it is created, so that resources that allow it can be created first."
  value       = local.arn
}

output "regional_domain_name" {
  description = "Host name of the bucket, as an origin of a CDN."
  value       = aws_s3_bucket.this.bucket_regional_domain_name
}

output "protection" {
  description = "Its protection: policy (JSON), encryption key, whether it is versioned, the days after which old versions and objects expire, and whether a destroy deletes its objects. For tests of modules that use it."
  value = {
    policy          = data.aws_iam_policy_document.this.json
    key_arn         = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).kms_master_key_id
    versioned       = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    noncurrent_days = try(aws_s3_bucket_lifecycle_configuration.this[0].rule[0].noncurrent_version_expiration[0].noncurrent_days, null)
    expiration_days = try(aws_s3_bucket_lifecycle_configuration.expiring[0].rule[0].expiration[0].days, null)
    force_destroy   = aws_s3_bucket.this.force_destroy
  }
}
