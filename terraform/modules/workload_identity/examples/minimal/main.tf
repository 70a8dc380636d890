module "identity" {
  source          = "../.."
  name            = "roster-prod-api"
  namespace       = "roster"
  service_account = "roster-api"
  policy          = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "dynamodb:Scan", Resource = "arn:aws:dynamodb:eu-central-1:123456789012:table/roster-prod-users" }] })
  oidc_provider   = { arn = "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/1", issuer = "oidc.eks.eu-central-1.amazonaws.com/id/1" }
}
