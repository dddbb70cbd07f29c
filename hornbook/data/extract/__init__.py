"""Documents of any format → their text as Markdown (report §2.3): one file a format, one registry (extract.py)."""
