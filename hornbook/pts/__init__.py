"""Model + questions + oracle → pivotal tokens → preference pairs of single tokens (report §4.3, figure 4).

`stage.py` is the stage, `search.py` its steps; docs/pts.md says how the search works.
"""
