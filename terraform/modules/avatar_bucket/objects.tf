# Objects that Terraform itself keeps in the bucket, outside `avatars/` and `renditions/`: they raise no event, and
# `roster sweep` ignores them.
#
# Both objects are encrypted with S3's own key, even if the bucket has another: only then is an ETag the MD5 of the
# content (https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html). A refresh reads the ETag, so that the next
# apply rewrites an object that was overwritten, for example by a restore. `source_hash` would compare the state with
# itself.

locals {
  marker = jsonencode({ environment = var.environment, table = var.table_name })

  # The API's response for a missing avatar.
  error_page = jsonencode({ type = "urn:roster:problem:not-found", title = "Not found", status = 404 })
}

# The owner of the images: Roster compares it with its own environment and table before it uses the bucket.
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

# The page that CloudFront serves instead of S3's 403.
resource "aws_s3_object" "error_page" {
  # checkov:skip=CKV_AWS_186:its content is public, and see above
  count = var.cloudfront_reads ? 1 : 0

  bucket                 = module.bucket.name
  key                    = local.error_page_key
  content                = local.error_page
  content_type           = "application/problem+json"
  cache_control          = "max-age=5" # otherwise a browser may cache a 404 indefinitely
  etag                   = md5(local.error_page)
  server_side_encryption = "AES256"

  depends_on = [module.bucket]
}
