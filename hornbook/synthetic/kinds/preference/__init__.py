"""A better and a worse reply to the same prompt (report §4.2)."""
