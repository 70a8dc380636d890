# Yours: the number of the account for dev, and its region.
environment = "dev"
account_id  = "111111111111"
region      = "eu-central-1"

# Made by `bootstrap create`: the most that any role of Roster may.
permissions_boundary = "arn:aws:iam::111111111111:policy/roster-dev-boundary"
