auth = { mode = "off" }
