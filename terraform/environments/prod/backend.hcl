bucket              = "roster-prod-states-333333333333"
region              = "eu-central-1"
allowed_account_ids = ["333333333333"]
encrypt             = true
use_lockfile        = true
