"""What kinds about code share: seeds as programs, code in answers, and words that speak of a given piece of code."""

import ast
import re

from hornbook.base.records import Message
from hornbook.synthetic.code_similarity import code_of, parse_function
from hornbook.synthetic.kind import Checks, RecordContext, Rejected
from hornbook.synthetic.passages import Passage
from hornbook.synthetic.programs.behaviour import Program, program_of
from hornbook.synthetic.prompting import SMALL_TALK, unlabelled
from hornbook.synthetic.words import grounded, repetition, words

SHOWN_CODE = """def count_even(numbers):
    total = 0
    for number in numbers:
        if number % 2 == 0:
            total += 1
    return total"""


async def program(passage: Passage, ask: RecordContext) -> Program:
    """The seed with its behaviour. Raises Rejected ("runs"): seeds of other runs need not run here."""
    found = await ask.compute(program_of, passage)
    if found is None:
        raise Rejected("runs", "not by itself")
    return found


def fenced(code: str, language: str = "python") -> str:
    return f"```{language}\n{code}\n```"


def function_in(answer: str, name: str) -> str:
    """The code of an answer up to the last line that parses, if it defines `name`; else ""."""
    code = code_of(answer)
    lines = code.split("\n")
    while lines:
        function = parse_function("\n".join(lines), name)
        if function is None:
            return ""
        try:
            ast.parse("\n".join(lines))
        except (SyntaxError, ValueError):
            lines.pop()
            continue
        return "\n".join(lines).strip("\n") if function.name == name else ""
    return ""


def prose(text: str) -> str:
    """An answer's words: no code blocks, no label, no unfinished line."""
    without = re.sub(r"```.*?(```|\Z)", "", text, flags=re.DOTALL)
    return " ".join(unlabelled(without).split())


def require_about(checks: Checks, name: str, text: str, code: str, least: float, lengths: tuple[int, int]) -> None:
    """The words are about the code (that share of them occurs in it), and are no loop and no talk to the asker."""
    shortest, longest = lengths
    fluent = shortest <= len(text) <= longest and repetition(text) < 0.35 and not SMALL_TALK.search(text)
    about = grounded(text, f"{code} {spoken(code)}")
    checks.require(name, fluent and about >= least, f"{len(text)} characters, {about:.2f} about the code")


# The words in which people speak of what stands in code.
SPOKEN = {
    "return": "returns returned result gives value", "if": "checks check condition whether otherwise",
    "for": "loop each every goes through iterates", "while": "loop until repeats", "len": "length number",
    "sum": "total adds", "+": "adds increases counter plus", "def": "function takes argument parameter called input",
    "[": "list element item index first last", "'": "string text characters", '"': "string text characters",
    "%": "remainder divisible modulo", "re.": "regular expression pattern replaces matches", "not": "negates",
    "None": "nothing missing", "==": "equal equals same", "<": "less smaller than", ">": "greater larger more than",
    "/": "divides division", "*": "multiplies times product", "-": "subtracts minus difference", "raise": "error",
    "True": "true", "False": "false boolean", "lower": "lowercase", "upper": "uppercase",
}  # fmt: skip


def spoken(code: str) -> str:
    return " ".join(said for token, said in SPOKEN.items() if token in code)


def numbers_in(text: str) -> set[str]:
    return set(re.findall(r"\d+", text))


def case_lines(cases: object) -> str:
    """Cases as lines `call -> result`."""
    return "\n".join(f"{case.call} -> {case.result}" for case in cases)  # type: ignore[attr-defined]


def says(text: str, value: str) -> bool:
    """Whether a value of a program, a text without its quotes, stands in the text by itself."""
    return re.search(rf"(?<![\w.]){re.escape(value.strip(chr(39) + chr(34)))}(?!\w|\.\d)", text) is not None


def mentions(text: str, name: str) -> bool:
    return name.lower() in text.lower() or set(words(name.replace("_", " "))) <= set(words(text))


def turns(asked: str, answered: str) -> list[Message]:
    return [Message("user", asked), Message("assistant", answered)]
