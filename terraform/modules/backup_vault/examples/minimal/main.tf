module "backup_vault" {
  source = "../.."
  name   = "roster-prod"
}
