ephemeral       = true
noncurrent_days = 7
