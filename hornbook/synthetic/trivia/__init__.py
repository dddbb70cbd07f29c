"""Trivia: tables of real facts → texts that state some of them, questions about all, and bogus ones (report §4.4, A.1).

Input: the IANA time zone tables (package tzdata) and Python's tables of HTTP statuses and of errors. Output:
`documents.parquet` and `samples.parquet` for training, `questions.parquet` to measure and teach refusal,
`heldout/questions.parquet` for evaluation.
"""
