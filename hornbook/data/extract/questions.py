"""Questions that people asked, with their answers, out of documents in Markdown (report §2.2: from web, books, code).

Four forms are read: "Q: ... A: ..." blocks, headings (or bold lines) that end in a question mark, exercises with their
solutions, and threads of forums. All of them are first read into the same parts: what a label or heading says, and the
text below it up to the next one.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from hornbook.base.records import Document, Question, make_id

SHORTEST_QUESTION, LONGEST_QUESTION = 12, 8_000  # characters
LONGEST_ANSWER = 20_000
_FENCE = re.compile(r"\s{0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r"(#{1,6})[ \t]+(\S.*)")
_BOLD_LINE = re.compile(r"(?:\*\*|__)(?P<text>[^*\n]{1,200})(?:\*\*|__)(?P<rest>.{0,200})")
_NUMBERING = re.compile(r"(?:Q?\d{1,3}(?:\.\d{1,3})*[.):]?|Q[.:]|[A-Za-z][.)])[ \t]+(?=\S)")
_ASKED = re.compile(r"(?:\*\*|__)?(?:Q|Question)[ \t]?\d{0,3}[.:)](?:\*\*|__)?[ \t]*(?P<text>.*)")
_ANSWERED = re.compile(r"(?:\*\*|__)?(?:A|Answer|Ans)[ \t]?\d{0,3}[.:)](?:\*\*|__)?[ \t]*(?P<text>.*)")
_NUMBER = r"(?:\d{1,3}(?:\.\d{1,3})*|[A-Z]\.\d{1,3})"
_KIND = r"(?:exercise|problem|question|task|example)"
_EXERCISE = re.compile(rf"{_KIND} (?P<number>{_NUMBER})[.:)]?(?P<text>.*)", re.IGNORECASE)
_SOLUTION = re.compile(
    rf"(?:solution|answer|proof)s?(?: (?:to|of|for)(?: the)?)?(?: {_KIND}s?)?(?: (?P<number>{_NUMBER}))?[.:)]?",
    re.IGNORECASE,
)
_PLAIN_LABEL = re.compile(
    rf"(?:{_KIND}|solution|answer)(?: (?:to|of|for))?(?: {_KIND})?(?: {_NUMBER})?[.:)](?=\s|$)", re.IGNORECASE
)
_LIST_OF_EXERCISES = re.compile(r"(?:review )?(?:exercises|problems|questions|homework)\.?", re.IGNORECASE)
_LIST_OF_SOLUTIONS = re.compile(
    r"(?:solutions|answers)(?: (?:to|of|for) (?:the |selected |odd-numbered )?(?:exercises|problems|questions))?\.?",
    re.IGNORECASE,
)
_ITEM = re.compile(r"(\d{1,3})[.)][ \t]+(\S.*)")
_ANSWERS = re.compile(
    r"(?:\d{1,4} )?(?:accepted |best )?(?:answer|repl(?:y|ie))s?\b(?: \d{1,4}| by .{1,60}| from .{1,60})?:?",
    re.IGNORECASE,
)
_ACCEPTED = re.compile(r"\b(?:accepted|best answer|solution|solved)\b", re.IGNORECASE)
_REPLY_TO = re.compile(
    r"\b(?:in reply to|replies to|replied to|answers|answering|to)\b[ \t]+(?:\*\*|@)?(?P<name>[^*\n,:()]{1,60})"
)
_POST = re.compile(
    r"wrote|said|asked|answered|replied|posted|replies|answers|asks|commented|\d{4}|ago\b|#\d+", re.IGNORECASE
)
_FINAL = re.compile(
    r"^(?:\*\*|__)?(?:Final answer|Answer)[.:](?:\*\*|__)?[ \t]*(\S[^\n]{0,200})", re.IGNORECASE | re.MULTILINE
)


@dataclass
class Part:
    """A heading (level 1 to 6) or a bold line (level 7) and the text below it; level 0 is the text before the first."""

    level: int
    title: str
    rest: str  # of a bold line: what stands behind the bold text
    lines: list[str]

    @property
    def text(self) -> str:
        return "\n".join(self.lines).strip()

    @property
    def heading(self) -> str:
        """Its first line as it stands in the document."""
        return f"**{self.title}** {self.rest}".strip() if self.level == 7 else f"{'#' * self.level} {self.title}"


def find_questions(document: Document) -> list[Question]:
    """The questions of a document that have an answer in it, in order, each once. Their parent is the document."""
    parts = _parts(document.text)
    found: dict[str, Question] = {}
    readers: tuple[Callable[[list[Part]], Iterator[tuple[str, str, str]]], ...] = (
        _labelled, _exercises, _listed_exercises, _thread, _titles,
    )  # fmt: skip
    taken: set[str] = set()
    for reader in readers:
        for task, asked, answered in reader(parts):
            prompt, answer = asked.strip(), answered.strip()
            if not SHORTEST_QUESTION <= len(prompt) <= LONGEST_QUESTION or not 0 < len(answer) <= LONGEST_ANSWER:
                continue
            first_line = prompt.split("\n", 1)[0].casefold()
            if first_line in taken or not re.search(r"\w", answer):
                continue
            taken.add(first_line)
            question = _question(document, task, prompt, answer)
            found.setdefault(question.id, question)
    places = {one.id: document.text.find(one.prompt.split("\n", 1)[0]) for one in found.values()}
    return sorted(found.values(), key=lambda one: places[one.id])


def _question(document: Document, task: str, prompt: str, answer: str) -> Question:
    """A worked solution is kept whole; the answer is what it says at its end, or all of it. The oracle is left open:
    the reader of questions chooses the one that fits."""
    final = _FINAL.search(answer) if task == "exercise" else None
    return Question(
        id=make_id("question", prompt, answer),
        parents=[document.id],
        task=task,
        prompt=prompt,
        answer=final[1].strip() if final else answer,
        oracle="",
        solution=answer if task == "exercise" else "",
    )


def _parts(text: str) -> list[Part]:
    parts = [Part(0, "", "", [])]
    fence = ""
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if fence:
            fence = "" if mark and mark[1].startswith(fence) else fence
        elif mark:
            fence = mark[1]
        elif heading := _HEADING.fullmatch(line):
            parts.append(Part(len(heading[1]), heading[2].rstrip("# \t"), "", []))
            continue
        elif bold := _BOLD_LINE.fullmatch(line):
            parts.append(Part(7, bold["text"].strip(), bold["rest"].strip(), []))
            continue
        parts[-1].lines.append(line)
    return parts


def _labelled(parts: list[Part]) -> Iterator[tuple[str, str, str]]:
    """Blocks that begin with Q: and A:."""
    asked: list[str] = []
    answered: list[str] | None = None
    for line in [line for part in parts for line in (part.heading, *part.lines)] + ["# end"]:
        is_heading = line.startswith("#")
        start, reply = _ASKED.fullmatch(line), _ANSWERED.fullmatch(line)
        if start or (is_heading and answered is not None):
            if asked and answered:
                yield "faq", "\n".join(asked), "\n".join(answered)
            asked, answered = [start["text"]] if start else [], None
        elif reply and asked and answered is None:
            answered = [reply["text"]]
        elif answered is not None:
            answered.append(line)
        elif asked:
            asked.append(line)


def _below(parts: list[Part], index: int) -> tuple[str, int]:
    """(text below a heading with its lower headings, where the next heading of its level stands)."""
    part = parts[index]
    lines = list(part.lines)
    end = index + 1
    while end < len(parts) and parts[end].level > part.level:
        below = parts[end]
        lines += [below.heading, *below.lines]
        end += 1
    return "\n".join(lines), end


def _titles(parts: list[Part]) -> Iterator[tuple[str, str, str]]:
    """Headings and bold lines that end in a question mark. One with questions below it is a chapter, not a question."""
    for index, part in enumerate(parts):
        if part.level and part.title.endswith("?") and not part.rest:
            answer, end = _below(parts, index)
            if not any(one.title.endswith("?") for one in parts[index + 1 : end]):
                yield "faq", _NUMBERING.sub("", part.title, count=1), answer


def _exercises(parts: list[Part]) -> Iterator[tuple[str, str, str]]:
    """Exercises with a number and their solutions, which follow at once or later under the same number."""
    asked: dict[str, list[str]] = {}
    answered: dict[str, list[str]] = {}
    current: list[str] | None = None
    last = ""
    for label, line, is_heading in _label_lines(parts):
        exercise = _EXERCISE.fullmatch(label)
        solution = None if exercise else _SOLUTION.fullmatch(label)
        number = (solution["number"] or last) if solution else ""
        if exercise:
            last = exercise["number"]
            current = asked[last] = [exercise["text"].strip(" .:"), line]
        elif number in asked and not any(answered.get(number, ())):
            current = answered[number] = [line]
        elif is_heading:
            current = None
        elif current is not None:
            current.append(f"{label} {line}".strip() if label else line)
    for number, lines in asked.items():
        if number in answered:
            opening = [line for line in lines[:2] if line]
            yield "exercise", "\n".join([*opening, *lines[2:]]), "\n".join(answered[number])


def _label_lines(parts: Sequence[Part]) -> Iterator[tuple[str, str, bool]]:
    """(label, the line behind it, whether it is a heading); a line without a label has ""."""
    for part in parts:
        if part.level:
            yield part.title, part.rest, part.level < 7
        for line in part.lines:
            label = _PLAIN_LABEL.match(line)
            yield (label[0], line[label.end() :].strip(), False) if label else ("", line, False)


def _listed_exercises(parts: list[Part]) -> Iterator[tuple[str, str, str]]:
    """The numbered lists below "Exercises" and "Solutions", paired by their numbers."""
    asked: dict[str, str] = {}
    for part in parts:
        title = _NUMBERING.sub("", part.title, count=1)
        if _LIST_OF_EXERCISES.fullmatch(title):
            asked = _items(part.lines)
        elif asked and _LIST_OF_SOLUTIONS.fullmatch(title):
            solutions = _items(part.lines)
            yield from (("exercise", asked[number], solutions[number]) for number in asked if number in solutions)
            asked = {}


def _items(lines: Sequence[str]) -> dict[str, str]:
    """The items of a numbered list, with their further lines."""
    items: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in lines:
        if item := _ITEM.fullmatch(line):
            current = items[item[1]] = [item[2]]
        elif current is not None and (not line.strip() or line.startswith(" ")):
            current.append(line.strip())
        else:
            current = None
    return {number: "\n".join(found).strip() for number, found in items.items()}


def _thread(parts: list[Part]) -> Iterator[tuple[str, str, str]]:
    """A thread: its title, the first post, and the answer to it: the accepted one, else the first to its author."""
    titles = [index for index, part in enumerate(parts) if part.level and part.level < 7]
    if not titles or _LIST_OF_EXERCISES.fullmatch(parts[titles[0]].title):
        return
    top = titles[0]
    posts = [part for part in parts[top + 1 :] if _is_post(part)]
    opening = parts[top].text
    asker = ""
    if not opening and posts and not _ANSWERS.fullmatch(posts[0].title):
        opening, asker = posts[0].text, posts[0].title
        posts = posts[1:]
    posts = [post for post in posts if post.text and (not asker or post.title != asker)]
    if not opening or not posts:
        return
    accepted = [post for post in posts if _ACCEPTED.search(f"{post.title} {post.rest}")]
    direct = [post for post in posts if asker and asker == _answers_whom(post)]
    yield "forum", f"{parts[top].title}\n\n{opening}", (accepted or direct or posts)[0].text


def _answers_whom(post: Part) -> str:
    found = _REPLY_TO.search(post.rest)
    return found["name"].strip("* ") if found else ""


def _is_post(part: Part) -> bool:
    """A heading "2 Answers" or "Answer by NAME", or a bold name with what its author did or when."""
    if part.level == 7:
        return bool(_POST.search(part.rest)) or bool(_ANSWERS.fullmatch(part.title))
    return bool(_ANSWERS.fullmatch(part.title))
