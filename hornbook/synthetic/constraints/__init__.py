"""Constraints on replies that a program can check, to teach and measure instruction following (report §5).

`draw_constraints` samples compatible ones; each has a wording and an exact check. One file per family.
"""
