# LocalStack's own account and region.
environment = "local"
account_id  = "000000000000"
region      = "us-east-1"
emulated    = true
