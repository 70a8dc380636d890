module "alerts" {
  source = "../.."
  name   = "roster-prod"
  emails = ["ops@example.org"]
}
