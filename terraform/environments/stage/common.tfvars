# Replace with your own: the account id of stage, and its region.
environment = "stage"
account_id  = "222222222222"
region      = "eu-central-1"

# Created by `bootstrap create`: the permissions boundary of every role of Roster.
permissions_boundary = "arn:aws:iam::222222222222:policy/roster-stage-boundary"
