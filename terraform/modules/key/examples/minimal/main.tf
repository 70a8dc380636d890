module "key" {
  source = "../.."
  name   = "roster-prod-data"
}
