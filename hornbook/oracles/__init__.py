"""Oracles: a question and a finished completion → right or wrong (report §4.3: success is decided by ground truth).

`score.py` is the entry point; each oracle has a file of its own.
"""
