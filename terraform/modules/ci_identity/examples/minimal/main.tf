module "ci_identity" {
  source           = "../.."
  name             = "roster-prod-ci"
  repository       = "example/roster"
  environments     = ["prod"]
  state_bucket_arn = "arn:aws:s3:::roster-prod-states-123456789012"
}
