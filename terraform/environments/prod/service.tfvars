auth = { mode = "oidc", issuer = "https://id.example.org", audience = "roster" }

# Functions and pods take events from one queue, so the metrics of each show a part; `events = { enabled = false }` leaves all to pods.
lambda = {
  deployment = "Canary10Percent5Minutes"
  throttling = { rate = 2000, burst = 4000 }
  events     = { max_concurrency = 20 }
  tracing    = true
  domain     = { name = "users.example.org", zone_id = "Z0EXAMPLE0PROD" }
}

kubernetes = {}

delivery = {
  domain = { name = "pictures.example.org", zone_id = "Z0EXAMPLE0PROD" }
}
