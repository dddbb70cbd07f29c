"""Constraints on replies that a program can check: what instruction following is taught and measured by (report §5).

`draw` draws some that go together; each says in words what it wants and checks a reply exactly. One file a family.
"""
