ephemeral              = true
point_in_time_recovery = false # not every DynamoDB emulator supports it
noncurrent_days        = null  # nothing is kept that long, and the provider waits a minute for the rule
expire_uploads         = false # likewise
encrypt_alerts         = false # nothing is kept there
