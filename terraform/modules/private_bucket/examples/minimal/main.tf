module "bucket" {
  source = "../.."
  bucket = "roster-prod-exports-123456789012"
}
