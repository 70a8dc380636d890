# A repository with immutable subjects, in an account that has the provider already and demands a path and boundaries.
module "ci_identity" {
  source           = "../.."
  name             = "roster-prod-ci"
  repository       = "example@123456/roster@456789"
  environments     = ["prod"]
  state_bucket_arn = "arn:aws:s3:::roster-prod-states-123456789012"
  roles_prefix     = "roster-prod-"
  provider_arn     = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
  role_path        = "/teams/roster/"

  permissions_boundary = "arn:aws:iam::123456789012:policy/developers"
}
