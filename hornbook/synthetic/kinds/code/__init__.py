"""Code, checked by running it wherever it runs (report §2.2)."""
