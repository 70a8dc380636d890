# Yours: the number of the account for dev, and its region.
environment = "dev"
account_id  = "111111111111"
region      = "eu-central-1"
