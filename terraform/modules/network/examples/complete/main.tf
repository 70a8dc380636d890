# Endpoints in place of NAT for AWS's services, only to this account, and flow logs for a quarter.
module "network" {
  source = "../.."
  name   = "roster-prod"
  cidr   = "10.30.0.0/16"
  zones  = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
  nat    = "per_zone"

  interface_endpoints   = ["sqs", "sts", "ecr.api", "ecr.dkr", "logs"]
  own_account_endpoints = true
  flow_log_days         = 90
}
