ephemeral = true
