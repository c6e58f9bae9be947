"""Where workflows are run: a process of its own for each device, or a thread of the server in tests."""
