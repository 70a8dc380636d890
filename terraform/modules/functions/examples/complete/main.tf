# A custom domain, tokens checked by the API too, canaries, and a function that a queue invokes.
# bootstrap.zip is a placeholder, which Lambda refuses: use the zips of `just lambda`.
module "functions" {
  source     = "../.."
  name       = "roster-prod"
  tracing    = true
  deployment = "Canary10Percent5Minutes"
  throttling = { rate = 2000, burst = 4000 }
  authorizer = { issuer = "https://id.example.org", audience = "roster" }

  domain = {
    name            = "users.example.org"
    certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
    zone_id         = "Z0123456789ABC"
  }

  functions = {
    list-users = {
      zip         = "${path.module}/../bootstrap.zip"
      policy      = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "dynamodb:Scan", Resource = "arn:aws:dynamodb:eu-central-1:123456789012:table/roster-prod-users" }] })
      environment = { ROSTER_STORAGE = "aws" }
      memory_mb   = 256
      routes      = { "$default" = {}, "GET /users" = { authorized = true } }
    }
    process-avatar = {
      zip         = "${path.module}/../bootstrap.zip"
      policy      = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "dynamodb:Scan", Resource = "arn:aws:dynamodb:eu-central-1:123456789012:table/roster-prod-users" }] })
      environment = { ROSTER_STORAGE = "aws" }
      memory_mb   = 1024
      queue       = { arn = "arn:aws:sqs:eu-central-1:123456789012:roster-prod-avatars", max_concurrency = 20 }
    }
  }
}
