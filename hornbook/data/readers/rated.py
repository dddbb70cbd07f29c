"""Rows with several answers and scores, ranks or votes → rows with chosen and rejected."""

from collections.abc import Iterable, Iterator
from typing import Any

from hornbook.base.files import Reject
from hornbook.data.readers.fields import Row, loaded, number_field, present
from hornbook.data.readers.formats import Located

# fields of two answers and of the vote: (first, second, vote)
VOTES = [
    ("human_ref_a", "human_ref_b", "labels"),  # SHP: 1 for the first
    ("response_0", "response_1", "better_response_id"),  # PKU-SafeRLHF: the index
    ("response_1", "response_2", "preference_strength"),  # HelpSteer2: below 0 for the first
    ("response1", "response2", "overall_preference"),  # HelpSteer3: below 0 for the first
    ("conversation_a", "conversation_b", "winner"),  # Chatbot Arena: model_a, model_b, tie
    ("response_a", "response_b", "winner"),
    ("answer_0", "answer_1", "score_0"),  # WebGPT: the score of the first, above 0 if it is better
]
LISTS = ("completions", "answers", "responses", "generations")
TEXTS = ("response", "answer", "text", "content", "generation", "output")
SCORES = ("overall_score", "score", "rating", "fine-grained_score", "average_rating")


def as_preference(row: Row) -> Row:
    """Add `chosen` and `rejected` to a row with two answers and a vote, or with several answers and scores or ranks
    (the best and the worst). Any other row is returned unchanged.

    Raises ValueError if no answer is better than another.
    """
    if row.get("chosen") is not None and row.get("rejected") is not None:
        return row
    if present(row, "winner_model_a", "winner_model_b", "response_a", "response_b"):  # LMSYS
        first = float(row["winner_model_a"]) - float(row["winner_model_b"])
        asked = loaded(row.get("prompt"))
        if isinstance(asked, list):  # of several turns
            said = {name: _taking_turns(asked, loaded(row[name])) for name in ("response_a", "response_b")}
            row = {key: value for key, value in row.items() if key != "prompt"} | said
        return _vote(row, "response_a", "response_b", first)
    for one, other, field in VOTES:
        if present(row, one, other, field):
            return _vote(row, one, other, _first_wins(field, row))
    if present(row, "summaries", "choice"):  # TL;DR
        texts = [summary["text"] for summary in row["summaries"]]
        info = row.get("info") or {}
        chosen = int(row["choice"])
        return row | {"prompt": info.get("post"), "chosen": texts[chosen], "rejected": texts[1 - chosen]}
    return _listed(row)


def _first_wins(field: str, row: Row) -> float:
    """Above 0 if the first answer is better, below 0 if the second is."""
    value = row[field]
    if field == "winner":
        return {"model_a": 1.0, "a": 1.0, "model_b": -1.0, "b": -1.0}.get(str(value).lower(), 0.0)
    number = float(value)
    if field == "labels":
        return 1.0 if number == 1 else -1.0
    if field == "better_response_id":
        return 1.0 if number == 0 else -1.0
    if field == "score_0":
        return number - (number_field(row, "score_1") or 0.0)
    return -number


def _vote(row: Row, one: str, other: str, first: float) -> Row:
    if first == 0:
        raise ValueError("a tie: neither answer is better")
    better, worse = (one, other) if first > 0 else (other, one)
    sides = {"chosen": _reply(row[better]), "rejected": _reply(row[worse])}
    return {key: value for key, value in row.items() if key not in (one, other)} | sides


def _taking_turns(asked: list[Any], said: Any) -> list[Any]:
    return [text for pair in zip(asked, said, strict=False) for text in pair]


def _reply(value: Any) -> Any:
    value = loaded(value) if isinstance(value, str) and value.lstrip()[:1] == "[" else value
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str):
        return value[0]
    return value


def _listed(row: Row) -> Row:
    """UltraFeedback (completions with scores), Nectar (answers with ranks), distilabel (generations beside ratings)."""
    name = next((name for name in LISTS if isinstance(loaded(row.get(name)), list)), "")
    if not name:
        return row
    answers = loaded(row[name])
    values = loaded(row.get("ratings") or row.get("scores") or row.get("rank") or [])
    rated: list[tuple[float, int, str]] = []
    for place, answer in enumerate(answers):
        if isinstance(answer, dict):
            text = next((answer[key] for key in TEXTS if isinstance(answer.get(key), str)), None)
            score = _score(answer)
        else:
            text, score = answer, values[place] if place < len(values) else None
        if isinstance(text, str) and isinstance(score, int | float):
            rated.append((float(score), -place, text))
    if len(rated) < 2:
        raise ValueError(f"{name}: fewer than two answers with a score or a rank")
    rated.sort()
    if rated[0][0] == rated[-1][0]:
        raise ValueError("a tie: all answers have the same score")
    return row | {"chosen": rated[-1][2], "rejected": rated[0][2]}


def _score(answer: Row) -> float | None:
    rank = number_field(answer, "rank")
    if rank is not None:
        return -rank
    score = number_field(answer, *SCORES)
    if score is not None:
        return score
    annotations = answer.get("annotations")
    found = [number_field(part, "Rating") for part in (annotations or {}).values() if isinstance(part, dict)]
    ratings = [rating for rating in found if rating is not None]
    return sum(ratings) / len(ratings) if ratings else None


def join_rated(rows: Iterable[Located], reject: Reject) -> Iterator[Located]:
    """Join rows of single answers with a grade (HelpSteer) or a label (KTO) into pairs: the best and the worst answer
    of each prompt. Prompts without answers of different grades go to `reject`. Other rows are passed on."""
    groups: dict[str, list[tuple[float, Located]]] = {}
    for where, row in rows:
        worth = _worth(row)
        if worth is None:
            yield Located(where, row)
        else:
            groups.setdefault(str(row["prompt"]), []).append((worth, Located(where, row)))
    for answers in groups.values():
        worst, best = (choose(answers, key=lambda answer: answer[0]) for choose in (min, max))
        if worst[0] == best[0]:
            for _, (where, _) in answers:
                reject(where, "no pair: no answer to this prompt is better than another")
            continue
        row = best[1].row
        given = {key: row[key] for key in ("prompt", "system", "id") if row.get(key) is not None}
        sides = {"chosen": _answer(best[1].row), "rejected": _answer(worst[1].row)}
        yield Located(best[1].where, given | sides)


def _answer(row: Row) -> Any:
    return row["completion"] if row.get("completion") is not None else row["response"]


def _worth(row: Row) -> float | None:
    if not present(row, "prompt") or row.get("chosen") is not None:
        return None
    if present(row, "completion", "label") and str(row["label"]).lower() in ("true", "false", "0", "1", "0.0", "1.0"):
        return float(str(row["label"]).lower() in ("true", "1", "1.0"))
    if present(row, "response") and (grade := number_field(row, "helpfulness", "overall_score", "score")) is not None:
        return grade
    return None
