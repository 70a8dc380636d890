own_key          = true
cloudfront_reads = true
alert_emails     = ["roster-stage@example.org"]

backup = {
  rules              = { daily = { schedule = "cron(0 3 * * ? *)", retention_days = 7, continuous = true } }
  min_retention_days = null
}
