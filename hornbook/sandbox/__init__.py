"""Untrusted code runs here and nowhere else: no network, no files of ours, limited time and memory.

`python.py` is the entry point. Without bubblewrap it refuses.
"""
