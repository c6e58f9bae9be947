"""The headline results of the papers, in miniature: `python -m benchmarks.results` (or `make results`)."""
