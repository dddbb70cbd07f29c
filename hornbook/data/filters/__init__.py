"""Filters for organic documents (report §2.3), one per file. Each reports what it drops, with the reason."""
