# bootstrap.zip is a placeholder, which Lambda refuses: use the zips of `just lambda`.
module "functions" {
  source = "../.."
  name   = "roster-prod"

  functions = {
    list-users = {
      zip         = "${path.module}/../bootstrap.zip"
      policy      = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "dynamodb:Scan", Resource = "arn:aws:dynamodb:eu-central-1:123456789012:table/roster-prod-users" }] })
      environment = { ROSTER_STORAGE = "aws" }
      memory_mb   = 256
      routes      = { "$default" = {} }
    }
  }
}
