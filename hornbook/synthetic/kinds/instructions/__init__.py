"""Instructions whose following a program can check (report §2.2, §5)."""
