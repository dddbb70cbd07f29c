"""Trivia: tables of real facts → texts that state some of them, questions about all, and bogus ones (report §4.4, A.1).

Input: the IANA time zone tables (package tzdata) and Python's table of HTTP statuses. Output: `documents.parquet` for
pretraining, `questions.parquet` to measure and teach refusal, `heldout/questions.parquet` for evaluation.
"""
