# Yours: the number of the account for stage, and its region.
environment = "stage"
account_id  = "222222222222"
region      = "eu-central-1"

# Made by `bootstrap create`: the most that any role of Roster may.
permissions_boundary = "arn:aws:iam::222222222222:policy/roster-stage-boundary"
