"""Hornbook: the phi-4 recipe (arXiv 2412.08905), from raw documents and a teacher to a small model that reasons."""

__version__ = "0.1.0"
