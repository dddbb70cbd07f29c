"""Benchmarks for chat models, asked and judged as in OpenAI's simple-evals, and some that lm-eval lacks (report §5)."""
