"""Oracles: a question and a finished completion → right or wrong (report §4.3: ground truth decides what succeeds).

`score.py` is the entry point; each checker has a file of its own.
"""
