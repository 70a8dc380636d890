ephemeral              = true
point_in_time_recovery = false # not every emulator of DynamoDB has it
noncurrent_days        = null  # nothing lives that long, and the provider waits a minute for the rule
encrypt_alerts         = false # nothing is kept there
