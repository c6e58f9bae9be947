"""What must not be lost: runs, attempts, events and outputs in one SQLite file that one server holds at a time."""
