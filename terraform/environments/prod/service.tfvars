auth = { mode = "oidc", issuer = "https://id.example.org", audience = "roster" }

lambda = {
  deployment           = "Canary10Percent5Minutes"
  throttling           = { rate = 2000, burst = 4000 }
  reserved_concurrency = { process-avatar = 50 }
  tracing              = true
  domain = {
    name            = "users.example.org"
    certificate_arn = "arn:aws:acm:eu-central-1:333333333333:certificate/00000000-0000-0000-0000-000000000000"
    zone_id         = "Z0EXAMPLE0PROD"
  }
}

kubernetes = {}

delivery = {
  domain = {
    name            = "pictures.example.org"
    certificate_arn = "arn:aws:acm:us-east-1:333333333333:certificate/00000000-0000-0000-0000-000000000000"
  }
}
