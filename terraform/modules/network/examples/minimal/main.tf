module "network" {
  source = "../.."
  name   = "roster-prod"
  zones  = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
}
