module "state" {
  source = "../.."
  name   = "roster-prod-states"
}
