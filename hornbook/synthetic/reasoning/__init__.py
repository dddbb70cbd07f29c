"""Procedural reasoning: generators of questions → worked solutions checked by each task's scorer (report §2.2, §9).

In: nothing but settings and a seed. Out: `samples.parquet` to train on, `questions.parquet` for searching and judging,
`heldout/questions.parquet` for evaluation; no prompt is in two of them.
"""
