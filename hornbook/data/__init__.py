"""Organic data: files and installed packages → clean, deduplicated, decontaminated documents (report §2.3, appendix B).

`curate` is the stage for documents, `decontaminate` checks any file of records; `benchmarks` reads real benchmarks.
"""
