"""Documents over 4K tokens, for midtraining (report §3.3)."""
