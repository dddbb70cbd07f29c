"""Synthetic data: documents, questions and a teacher → validated, traceable records (report §2.2, D).

documents ─> passages ─┐
questions ─────────────┴> a kind's stages, one task per record (engine) ─> checks ─> deduplicated samples

Each kind of data set is one file in `kinds/`. Procedural data needs no teacher: see `reasoning/` and `trivia/`.
"""
