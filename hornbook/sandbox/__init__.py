"""The only place where untrusted code runs: no network, no access to the user's files, limited time and memory.

`process.py` is the entry point. Without bubblewrap nothing is run.
"""
