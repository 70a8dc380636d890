# Yours: the number of the account for prod, and its region.
environment = "prod"
account_id  = "333333333333"
region      = "eu-central-1"
