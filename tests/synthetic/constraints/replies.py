"""For every rule a reply that is built to keep to it, and one that is built to break it."""

import json
from collections.abc import Callable

from hornbook.synthetic.constraints.rule import Values

Reply = Callable[[Values], str]
LINE = "Water flows down the channel. Stones hold it in place."
GERMAN = "Das Wasser fließt durch den Kanal in die Stadt, weil der Kanal überall ein wenig abfällt."
SPOKEN = {
    "de": GERMAN,
    "fr": "L'eau coule dans le canal vers la ville parce que le canal descend partout un peu.",
    "es": "El agua corre por el canal hacia la ciudad porque el canal baja un poco en todas partes.",
    "it": "L'acqua scorre nel canale verso la città perché il canale scende un poco dappertutto.",
    "pt": "A água corre pelo canal até a cidade porque o canal desce um pouco em toda a parte, não é verdade.",
}


def several(n: int) -> str:
    return " ".join(["word"] * n) + "."


def rows(columns: int, body: int) -> str:
    line = "|" + " cell |" * columns
    return "\n".join([line, "|" + " --- |" * columns, *[line] * body])


def section(values: Values, n: int) -> str:
    return "\n".join(f"{values['name']} {number}\nSome text." for number in range(1, n + 1))


def as_json(keys: list[str]) -> str:
    return json.dumps(dict.fromkeys(keys, "a text"))


KEPT: dict[str, Reply] = {
    "least_words": lambda v: several(v["n"]),
    "most_words": lambda v: several(v["n"]),
    "words_between": lambda v: several(v["low"]),
    "most_characters": lambda v: "x" * v["n"],
    "exact_sentences": lambda v: "It costs 3.50 in all. " * v["n"],
    "short_sentences": lambda v: f"{several(v['n'])} {several(v['n'])}",
    "exact_paragraphs": lambda v: "\n\n".join([LINE] * v["n"]),
    "include_words": lambda v: f"So: {', '.join(v['words'])}.",
    "avoid_words": lambda v: f"{v['words'][0]}ish, but not quite.",
    "word_frequency": lambda v: " ".join([v["word"].upper()] * v["n"]),
    "letter_frequency": lambda v: v["letter"].upper() * v["n"],
    "avoid_letter": lambda v: "A channel of stones.",
    "capital_words": lambda v: "So VERY much " * v["n"],
    "no_digits": lambda v: "Seven of nine.",
    "bullets": lambda v: "Look:\n" + "- an item\n" * v["n"],
    "numbered": lambda v: "\n".join(f"{number}. item" for number in range(1, v["n"] + 1)),
    "sections": lambda v: section(v, v["n"]),
    "table": lambda v: f"Here:\n\n{rows(v['columns'], v['rows'])}\n\nThat is it.",
    "json_only": lambda v: as_json(v["keys"]),
    "two_answers": lambda v: f"{LINE}\n======\nAnother one.",
    "title": lambda v: f"<<The channel>>\n{LINE}",
    "highlights": lambda v: "It is *very good* at this. " * v["n"],
    "placeholders": lambda v: "Dear [name]. " * v["n"],
    "start_phrase": lambda v: f"{v['phrase']}: {LINE}",
    "end_phrase": lambda v: f"{LINE} {v['phrase']}",
    "in_quotes": lambda v: f'"{LINE}"',
    "repeat_request": lambda v: f"{v['request']}\n{LINE}",
    "postscript": lambda v: f"{LINE}\n\n{v['mark']} Mind the step.",
    "ends_with_question": lambda v: f"{LINE} Is it not so?",
    "lower_case": lambda v: LINE.lower(),
    "upper_case": lambda v: LINE.upper(),
    "no_commas": lambda v: LINE,
    "no_exclamations": lambda v: LINE,
    "alliteration": lambda v: "There went big brown bears.",
    "sentences_start": lambda v: f"{v['word']} one is good. {v['word']} other is not.",
    "new_openings": lambda v: LINE,
    "language": lambda v: SPOKEN[v["code"]],
}
BROKEN: dict[str, Reply] = {
    "least_words": lambda v: several(v["n"] - 1),
    "most_words": lambda v: several(v["n"] + 1),
    "words_between": lambda v: several(v["high"] + 1),
    "most_characters": lambda v: "x" * (v["n"] + 1),
    "exact_sentences": lambda v: "It costs 3.50 in all. " * (v["n"] - 1),
    "short_sentences": lambda v: f"Short one. {several(v['n'] + 1)}",
    "exact_paragraphs": lambda v: "\n".join([LINE] * v["n"]),
    "include_words": lambda v: f"So: {', '.join(v['words'][1:])} and {v['words'][0]}ish.",
    "avoid_words": lambda v: f"Just {v['words'][-1].upper()}!",
    "word_frequency": lambda v: " ".join([v["word"]] * (v["n"] - 1)),
    "letter_frequency": lambda v: v["letter"] * (v["n"] - 1),
    "avoid_letter": lambda v: f"A channel of {v['letter'].upper()}.",
    "capital_words": lambda v: "I said A " * v["n"],
    "no_digits": lambda v: "7 of nine.",
    "bullets": lambda v: "- an item\n" * (v["n"] + 1),
    "numbered": lambda v: "\n".join(f"{number}. item" for number in range(2, v["n"] + 2)),
    "sections": lambda v: section(v, v["n"] + 1),
    "table": lambda v: rows(v["columns"], v["rows"] + 1),
    "json_only": lambda v: f"Here you are: {as_json(v['keys'])}",
    "two_answers": lambda v: f"{LINE}\n======\n{LINE}",
    "title": lambda v: f"<The channel>\n{LINE}",
    "highlights": lambda v: "It is **very good** at this. " * v["n"],
    "placeholders": lambda v: "Dear [ ]. " * v["n"],
    "start_phrase": lambda v: f"Well. {v['phrase']}: {LINE}",
    "end_phrase": lambda v: f"{LINE} {v['phrase']} Bye.",
    "in_quotes": lambda v: f'"{LINE}" "Indeed"',
    "repeat_request": lambda v: v["request"],
    "postscript": lambda v: f"{v['mark']} Mind the step.\n\n{LINE}",
    "ends_with_question": lambda v: f"Is it not so? {LINE}",
    "lower_case": lambda v: LINE,
    "upper_case": lambda v: LINE,
    "no_commas": lambda v: "Well, yes.",
    "no_exclamations": lambda v: "Well!",
    "alliteration": lambda v: "One big old cat. Cats sleep.",
    "sentences_start": lambda v: f"{v['word']} one is good. So it is.",
    "new_openings": lambda v: "Water flows. Water stays.",
    "language": lambda v: "The water flows through the channel to the city because it falls everywhere.",
}
