"""A word spelled backward: letter by letter forward, then from the end."""

from hornbook.synthetic.reasoning.task import Entry, Task, worked


def shorten(entry: Entry) -> str:
    return f"Spell backward: {entry['metadata']['word']}"


def solve(entry: Entry) -> str:
    word = entry["metadata"]["word"]
    return worked([" ".join(word), " ".join(reversed(word))], word[::-1])


SPELL_BACKWARD = Task("spell_backward", {"min_word_len": 3, "max_word_len": 4}, shorten=shorten, solve=solve)
