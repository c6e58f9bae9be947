"""Runs: what they are, in which order they go, and what becomes of them."""
