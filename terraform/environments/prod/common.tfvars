# Yours: the number of the account for prod, and its region.
environment = "prod"
account_id  = "333333333333"
region      = "eu-central-1"

# Made by `bootstrap create`: the most that any role of Roster may.
permissions_boundary = "arn:aws:iam::333333333333:policy/roster-prod-boundary"
