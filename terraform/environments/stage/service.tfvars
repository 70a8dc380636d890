auth       = { mode = "oidc", issuer = "https://id.example.org/stage", audience = "roster" }
lambda     = { deployment = "AllAtOnce", tracing = true }
kubernetes = { identity = "pod_identity" }
delivery   = {}
