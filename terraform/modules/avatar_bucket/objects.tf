# What Terraform itself keeps in the bucket, outside `avatars/` and `renditions/`: it raises no event, and `roster sweep` leaves it alone.
#
# Both objects are encrypted with S3's own key, also where the bucket has another: an ETag is the MD5 of the content there alone
# (https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html). A refresh reads the ETag, so that an object that was
# overwritten, as a restore does, is written again by the next apply. `source_hash` would compare the state with itself.

locals {
  marker = jsonencode({ environment = var.environment, table = var.table_name })

  # The answer of the API to an avatar that is missing.
  error_page = jsonencode({ type = "urn:roster:problem:not-found", title = "There is no such thing", status = 404 })
}

# Whose images these are: what Roster compares with its own environment and table before it uses the bucket.
resource "aws_s3_object" "marker" {
  # checkov:skip=CKV_AWS_186:names are no secret, and see above
  bucket                 = module.bucket.name
  key                    = "roster.json"
  content                = local.marker
  content_type           = "application/json"
  etag                   = md5(local.marker)
  server_side_encryption = "AES256"

  # After versioning, so that its first version has an id.
  depends_on = [module.bucket]
}

# What CloudFront answers in place of S3's 403.
resource "aws_s3_object" "error_page" {
  # checkov:skip=CKV_AWS_186:its content is public, and see above
  count = var.cloudfront_reads ? 1 : 0

  bucket                 = module.bucket.name
  key                    = local.error_page_key
  content                = local.error_page
  content_type           = "application/problem+json"
  cache_control          = "max-age=5" # a browser may else keep a 404 for as long as it likes
  etag                   = md5(local.error_page)
  server_side_encryption = "AES256"

  depends_on = [module.bucket]
}
