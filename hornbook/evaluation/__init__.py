"""Evaluation: a model, held-out questions and benchmarks → scores with 95 % intervals (report §5-6, appendix C).

Given the scores of an earlier model, it also tests for each score whether the difference is significant.
"""
