"""Oracles: a question and a finished completion → right or wrong (report §4.3: ground truth decides what succeeds).

`score.py` is the door; one file per kind of checker behind it.
"""
