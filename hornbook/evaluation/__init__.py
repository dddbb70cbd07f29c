"""Evaluation: a model, held-out questions and benchmarks → scores with 95 % intervals (report §5-6, appendix C).

Given the scores of an earlier model it also says, score by score, whether the difference is more than noise.
"""
