"""Measurements that the documentation quotes, each one command: `python -m benchmarks.pts --json FILE`."""
