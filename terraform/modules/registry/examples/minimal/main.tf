module "registry" {
  source = "../.."
  name   = "roster"
}
