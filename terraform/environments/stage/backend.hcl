bucket              = "roster-stage-states-222222222222"
region              = "eu-central-1"
allowed_account_ids = ["222222222222"]
encrypt             = true
use_lockfile        = true
