# A domain with its records, and scripts of one origin that may read pictures.
module "delivery" {
  source             = "../.."
  name               = "roster-prod"
  bucket_domain_name = "roster-prod-avatars-123456789012.s3.eu-central-1.amazonaws.com"
  error_page         = "errors/not-found.json"
  cors_origins       = ["https://app.example.org"]
  price_class        = "PriceClass_All"

  domain = {
    name            = "pictures.example.org"
    certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
    zone_id         = "Z0123456789ABC"
  }
}
