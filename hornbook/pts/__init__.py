"""Pivotal token search: model + questions + oracle → pivotal tokens → preference pairs of single tokens (report §4.3).

`stage.py` is the stage, `search.py` its steps; docs/pts.md explains how the search works.
"""
