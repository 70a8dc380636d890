# Replace with your own: the account id of dev, and its region.
environment = "dev"
account_id  = "111111111111"
region      = "eu-central-1"

# Created by `bootstrap create`: the permissions boundary of every role of Roster.
permissions_boundary = "arn:aws:iam::111111111111:policy/roster-dev-boundary"
