"""Synthetic data: documents, questions and a teacher → validated, traceable records (report §2.2, D)."""
