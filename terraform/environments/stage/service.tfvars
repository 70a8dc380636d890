auth = { mode = "oidc", issuer = "https://id.example.org/stage", audience = "roster" }
# Functions and pods take events from one queue, so the metrics of each show a part; `events = { enabled = false }` leaves all to pods.
lambda     = { deployment = "AllAtOnce", tracing = true }
kubernetes = { identity = "pod_identity" }
delivery   = {}
