"""Benchmarks for chat models, asked and judged as OpenAI's simple-evals does, and those that lm-eval lacks (report §5)."""
