"""How often a letter occurs in a few words: spell each word, with a running count."""

from hornbook.synthetic.reasoning.task import Entry, Task, worked


def shorten(entry: Entry) -> str:
    return f'How many "{entry["metadata"]["target_letter"]}" are in "{" ".join(entry["metadata"]["span"])}"?'


def solve(entry: Entry) -> str:
    letter, total, steps = entry["metadata"]["target_letter"], 0, []
    for word in entry["metadata"]["span"]:
        total += word.lower().count(letter)
        steps.append(f"{' '.join(word.lower())}: {total}")
    return worked(steps, total)


LETTER_COUNTING = Task("letter_counting", {"min_words": 1, "max_words": 3}, shorten=shorten, solve=solve)
