"""Conversations of several turns and speakers (report D.1.3)."""
