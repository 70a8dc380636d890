module "upload_bucket" {
  source = "../.."
  name   = "roster-prod"
}
