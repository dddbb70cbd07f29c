"""Rewrites of web text (report §2.2, rewrite and augment)."""
