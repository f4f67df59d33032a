"""What gdlab costs, measured: `python -m benchmarks`."""
