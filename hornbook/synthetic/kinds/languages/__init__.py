"""Languages other than English (report §2.3, §4.1)."""
