repository = "example/roster"
