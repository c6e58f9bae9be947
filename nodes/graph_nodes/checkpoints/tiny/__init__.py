"""Tiny models with random weights in the layouts of published ones: to try a workflow on, and to test against."""
