own_key          = true
cloudfront_reads = true
noncurrent_days  = 30
alert_emails     = ["roster-prod@example.org"]

backup = {
  rules = {
    daily   = { schedule = "cron(0 3 * * ? *)", retention_days = 35, continuous = true }
    monthly = { schedule = "cron(0 4 1 * ? *)", retention_days = 365 }
  }
  min_retention_days = 7
  copy_region        = "eu-west-1"
}
