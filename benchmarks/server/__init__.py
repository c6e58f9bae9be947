"""What the server costs and survives, measured on real server processes."""
