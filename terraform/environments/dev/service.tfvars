auth       = { mode = "oidc", issuer = "https://id.example.org/dev", audience = "roster" }
settings   = { ROSTER_DEMO = "on" }
lambda     = { deployment = "AllAtOnce", throttling = { rate = 50, burst = 100 }, events = { enabled = false } } # the pods' worker takes all events
kubernetes = {}
