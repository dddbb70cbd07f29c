"""Model + questions + oracle → pivotal tokens → preference pairs of single tokens (report §4.3, figure 4).

`pts.py` is the stage, `search.py` its steps, `api.py` the same from Python; docs/pts.md says how the search works.
"""
