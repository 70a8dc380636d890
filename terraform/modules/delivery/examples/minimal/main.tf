module "delivery" {
  source             = "../.."
  name               = "roster-prod"
  bucket_domain_name = "roster-prod-avatars-123456789012.s3.eu-central-1.amazonaws.com"
  error_page         = "errors/not-found.json"
}
