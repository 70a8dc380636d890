# Replace with your own: the account id of prod, and its region.
environment = "prod"
account_id  = "333333333333"
region      = "eu-central-1"

# Created by `bootstrap create`: the permissions boundary of every role of Roster.
permissions_boundary = "arn:aws:iam::333333333333:policy/roster-prod-boundary"
