"""Small worlds that an agent can act in, each a pure program: states, moves in words, rules, a goal (report §D.3)."""
