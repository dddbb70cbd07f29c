"""Benchmarks as tasks of lm-evaluation-harness, which this package runs as a library with our engine as its model."""
