module "users_table" {
  source      = "../.."
  name        = "roster-prod"
  environment = "prod"
}
