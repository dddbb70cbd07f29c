"""Which program a reply holds. Add a line for a reply whose program is not found."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.data.benchmarks import load_benchmark
from hornbook.oracles.extract_code import assembled, code_in, defines

GOOD = "def f(x):\n    return x + 1\n"
REPLIES = {
    "plain fence": f"Here:\n```python\n{GOOD}```\nDone.",
    "usage example in a second block": f"```python\n{GOOD}```\n\nExample:\n\n```python\nprint(f(1))  # 2\n```\n",
    "second block is shell": f"```python\n{GOOD}```\nRun:\n```bash\npython f.py\n```",
    "second block is output, unlabelled": f"```python\n{GOOD}```\nOutput:\n```\n2\n```",
    "fence in a list item, indented": "1. Write:\n\n   ```python\n   def f(x):\n       return x + 1\n   ```\n",
    "fence after text in the line": f"Solution: ```python\n{GOOD}```",
    "one line": "```python def f(x): return x + 1 ```",
    "tilde fence": f"~~~python\n{GOOD}~~~",
    "longer fence": f"````python\n{GOOD}````",
    "fence with a title": f'```python title="f.py"\n{GOOD}```',
    "fence of pandoc": f"```{{.python}}\n{GOOD}```",
    "CRLF": f"Here:\r\n```python\r\n{GOOD}```\r\n".replace("\n", "\r\n"),
    "Python 3 label": f"```Python3\n{GOOD}```",
    "doctest prompts": "```pycon\n>>> def f(x):\n...     return x + 1\n```",
    "fence unclosed": f"```python\n{GOOD}",
    "no fence, prose after": f"{GOOD}\nThis function adds one.",
    "no fence, prose before": f"Sure! Here is the function:\n\n{GOOD}",
    "no fence, prose around": f"Sure! Here is the function:\n\n{GOOD}\nIt adds one to x.",
    "draft first, final second": f"```python\ndef f(x):\n    return x\n```\nWrong. Better:\n```python\n{GOOD}```",
    "helper in an earlier block": "```py\ndef g(x):\n    return x\n```\n\n```py\ndef f(x):\n    return g(x) + 1\n```",
    "import in an earlier block": "```python\nimport math\n```\n```py\ndef f(x):\n    return math.floor(x) + 1\n```",
    "blockquote": "> ```python\n> def f(x):\n>     return x + 1\n> ```",
    "tags": f"[PYTHON]\n{GOOD}[/PYTHON]",
    "HTML tags": f"<code>\n{GOOD}</code>",
    "byte order mark": f"\ufeff```python\n{GOOD}```",
    "non-breaking spaces": "```python\ndef f(x):\n\u00a0\u00a0\u00a0\u00a0return x + 1\n```",
    "lone surrogate": "```python\n# \ud83d\ndef f(x):\n    return x + 1\n```",
    "NUL": "```python\ndef f(x):\n    return x + 1\n\x00\n```",
    "fence in a docstring": '```python\ndef f(x):\n    """\n    ```\n    f(1)\n    ```\n    """\n    return x + 1\n```',
    "magic": f"```python\n!pip install numpy\n{GOOD}```",
    "end of turn": f"```python\n{GOOD}```<|im_end|>",
}
HEADER = 'from typing import List\n\n\ndef f(x: List[int]) -> int:\n    """Its length, and one."""\n'
BODIES = {
    "indented body": "    return len(x) + 1\n",
    "body at column 0": "return len(x) + 1\n",
    "whole function": "def f(x: List[int]) -> int:\n    return len(x) + 1\n",
    "with future imports": "from __future__ import annotations\ndef f(x: List[int]) -> int:\n    return len(x) + 1\n",
    "several lines at column 0": "n = len(x)\nreturn n + 1\n",
}
DEEP = ["-", "(", "1+", "x.", "not ", "`", "```python\n", "()", "lambda:", '"', "def f(x):\n", "> ```\n", "a<", "[0]"]


def run(program: str, call: str) -> object:
    names: dict[str, object] = {}
    exec(program, names)
    return eval(call, names)


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
def test_the_block_that_defines_what_the_tests_call(reply: str) -> None:
    assert run(assembled("", code_in(reply, ["f"]), ["f"]), "f(1)") == 2


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_body_goes_on_from_its_header(body: str) -> None:
    assert run(assembled(HEADER, code_in(body, ["f"]), ["f"]), "f([1])") == 2


def test_annotations_that_nobody_imports() -> None:
    assert run(assembled("", "def f(x: List[int]) -> Optional[int]:\n    return len(x)\n", ["f"]), "f([1])") == 1


def test_solutions_of_humaneval_in_three_forms() -> None:
    for item in load_benchmark("humaneval"):
        name = item.tests.rpartition("check(")[2].strip().rstrip(")")
        whole = f"Here:\n```python\n{item.question}{item.answer}```\n\nUsage:\n```python\nprint({name}(1))\n```\n"
        for reply in (item.answer, f"```python\n{item.question}{item.answer}```", whole):
            assert defines(assembled(item.question, code_in(reply, [name]), [name]), [name]), item.id


@pytest.mark.parametrize("part", DEEP)
def test_hostile_nesting_ends(part: str) -> None:
    begin = time.process_time()
    assembled("def f(x):\n", code_in(part * (100_000 // len(part)), ["f"]), ["f"])
    assert time.process_time() - begin < 60


@given(st.text(max_size=200), st.sampled_from(["", HEADER]))
def test_no_reply_breaks_it(reply: str, header: str) -> None:
    assert isinstance(assembled(header, code_in(reply, ["f"]), ["f"]), str)
