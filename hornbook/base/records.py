"""The record types that stages exchange. Each record names its parents and the teacher calls that made it."""

from typing import Any

import msgspec
import xxhash


class Record(msgspec.Struct, kw_only=True):
    """The base of all record types. Fields are read as `record.text` or `record["text"]`.

    `id` is a hash of the content (see `make_id`), `parents` are ids of the records it was made from, `calls` are keys
    in the teacher ledger. Both together lead from any training record back to a document.
    """

    id: str
    parents: list[str] = []
    calls: list[str] = []

    def __getitem__(self, field: str) -> Any:
        return _field(self, field)


class Document(Record):
    """An organic text (report §2.3). `source` is a row of table 5: web, code or acquired.

    `metadata` is what its source says of it: title, author, date, license, url, id, format, repository ...
    """

    text: str
    source: str
    origin: str  # a path or URL, or "module:qualified.name"
    kind: str = "prose"  # prose, code, reference ...
    language: str = ""
    language_score: float = 0.0
    quality: float = 0.0
    topic: str = ""
    metadata: dict[str, str] = {}


class Message(msgspec.Struct, omit_defaults=True):
    """One turn of a conversation; `role` is system, user, assistant or tool.

    `tool_calls` is the JSON text of an assistant turn's calls in the format of OpenAI's API; `name` and `tool_call_id`
    belong to a tool turn. An assistant turn with a `weight` of 0 is not trained on.
    """

    role: str
    content: str
    tool_calls: str = ""
    name: str = ""
    tool_call_id: str = ""
    weight: float = 1.0

    def __getitem__(self, field: str) -> Any:
        return _field(self, field)


class Sample(Record):
    """A synthetic or converted training record (report §2.2). Either `text` or `messages` is set.

    `source` is a row of table 5 (web_rewrite, synthetic, code, acquired ...), `kind` the workflow that made it,
    `checks` the checks that it passed, `grade` a score in [0, 1] if the workflow gives one. `rejected` is a worse last
    turn than that of `messages`, if the workflow makes preferences. `tools` is the JSON text of the functions that the
    conversation may call, in the format of OpenAI's API. `axes` are the values that were drawn for the record
    (audience, length ...).
    """

    source: str
    kind: str
    text: str = ""
    messages: list[Message] = []
    checks: list[str] = []
    grade: float = 1.0
    rejected: str = ""
    tools: str = ""
    axes: dict[str, str] = {}

    def written(self) -> str:
        """What the teacher wrote: the text, or the last turn."""
        return self.messages[-1].content if self.messages else self.text


LEVELS = ("easy", "medium", "hard")


class Question(Record):
    """A question with a checkable answer. `oracle` names the checker, `entry` is JSON with the checker's input.

    `before` are the turns before the prompt, such as a system message or worked examples.
    """

    task: str  # e.g. leg_counting, trivia
    prompt: str
    answer: str = ""
    oracle: str = "exact"
    entry: str = ""
    choices: list[str] = []
    solution: str = ""  # a worked solution, where one is known
    before: list[Message] = []
    level: str = ""  # one of LEVELS, within its task; "" if unknown


class Label(Record):
    """A teacher's judgement of a document (report §2.3), on the beginning of its text, which is `text`.

    `site` is where the document comes from: labels of one site are never divided between training and testing. The
    grades are 0 (none) to 5. Labels without their texts (`text` is "") can be given away where the documents cannot:
    their `parents` say which documents they are of.
    """

    text: str
    site: str
    language: str
    educational_value: int
    reasoning: int
    facts: int
    topic: str  # one of data.classifier.topics.TOPICS

    @property
    def grade(self) -> float:
        """The mean of the three grades."""
        return (self.educational_value + self.reasoning + self.facts) / 3


class Pivot(Record):
    """A token (or a sentence) of a solution that moves p(success) by at least p_gap (report §4.3).

    Estimates that were used to select a pivot are biased upwards. So `delta` is either a fresh estimate, from rollouts
    made afterwards (`n_fresh` per side), or the posterior mean, with a prior that most tokens change little.
    """

    question: str  # Question.id
    solution: str  # id in solutions.parquet
    prompt_tokens: list[int]  # the question as the model saw it
    solution_tokens: list[int]  # the whole sampled solution
    position: int  # index of the pivotal token in solution_tokens
    token: int
    p_before: float
    p_after: float
    n_before: int  # rollouts of each estimate; 0 where p(success) is known or almost certain
    n_after: int
    delta: float  # p(success) after minus before
    delta_low: float  # its interval: 95 % of fresh rollouts, else the confidence sequence at the search's error rate
    delta_high: float
    n_fresh: int  # fresh rollouts per side; 0 if none were requested, or the token is too likely to move p_gap
    confirmed: bool  # fresh rollouts agree in sign and reach p_gap; without any, the interval lies beyond p_gap
    error: float = 0.0  # probability that it moves p(success) by less than p_gap; 0 if the search does not estimate it
    length: int = 1  # tokens of the pivot, from `position` on


class Pair(Record):
    """A preference (report §4.2-4.4): after `prompt_tokens`, `chosen_tokens` are better than `rejected_tokens`.

    Token ids, not text: tokenising a prefix again may not give the sequence that was sampled. `ends` says whether the
    two sides are complete replies (the model should stop after them) or prefixes, as for pivotal tokens.
    """

    kind: str  # pivotal, accuracy, overall, refusal
    prompt_tokens: list[int]
    chosen_tokens: list[int]
    rejected_tokens: list[int]
    ends: bool = False


def _field(struct: msgspec.Struct, field: str) -> Any:
    if field not in struct.__struct_fields__:
        raise KeyError(field)
    return getattr(struct, field)


def make_id(kind: str, *content: str) -> str:
    """An id such as `doc-1f3a...`: the same content gives the same id on every machine."""
    hasher = xxhash.xxh3_128()
    for part in content:
        hasher.update(part.encode("utf-8", "surrogatepass"))
        hasher.update(b"\0")
    return f"{kind}-{hasher.hexdigest()[:20]}"
