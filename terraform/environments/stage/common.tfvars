# Yours: the number of the account for stage, and its region.
environment = "stage"
account_id  = "222222222222"
region      = "eu-central-1"
