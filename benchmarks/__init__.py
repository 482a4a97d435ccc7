"""What is measured rather than tested: `make bench` runs all of it, `python -m benchmarks.NAME` one."""
