"""Questions about a passage, answered from it (report §2.2, D.1.2)."""
