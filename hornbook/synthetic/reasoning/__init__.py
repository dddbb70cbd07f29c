"""Procedural reasoning: generators of questions → worked solutions checked by each task's scorer (report §2.2, §9).

Input: only settings and a seed. Output: `samples.parquet` for training, `questions.parquet` for search and judging,
`heldout/questions.parquet` for evaluation; no prompt is in two of them.
"""
