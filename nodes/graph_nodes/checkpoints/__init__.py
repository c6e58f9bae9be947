"""Published checkpoints: what lies in a folder or a file that people share, told from configs and headers alone."""
