bucket              = "roster-dev-states-111111111111"
region              = "eu-central-1"
allowed_account_ids = ["111111111111"]
encrypt             = true
use_lockfile        = true
