module "certificate" {
  source = "../.."

  domain  = "users.example.org"
  zone_id = "Z0123456789ABC"
}
