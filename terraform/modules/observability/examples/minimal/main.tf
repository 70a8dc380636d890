module "observability" {
  source            = "../.."
  name              = "roster-prod"
  table_name        = "roster-prod-users"
  queue_name        = "roster-prod-avatars"
  dead_letters_name = "roster-prod-avatars-dead-letters"
}
