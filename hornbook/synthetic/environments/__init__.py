"""Small environments for agents, each a pure program: states, moves in words, rules, a goal (report §D.3)."""
