"""Organic data: files and installed packages → clean, deduplicated, decontaminated documents (report §2.3, appendix B).

`curate` is the stage, `decontaminate` the same check for any file of records; `benchmarks` reads real benchmarks.
"""
