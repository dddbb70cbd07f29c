"""What counts as a command on a page: nobody can add one that these tests do not see."""

import pytest

from tests.docs.pages import _blocks, block_commands, is_shell
from tests.docs.tables import PARSED, SHOWN

PAGE = """
Text, and an indented block:

    hornbook curate a/ --out b   # why
    X_Y=1 torchrun --nproc-per-node 8 \\
        hornbook train sft c/ --out d

    made up --words

- a list

  ```bash
  # a comment
  hornbook plan r.yaml
  ```

````text
    hornbook is spoken of
```python
```
````
"""
FOUND = [
    (4, "hornbook curate a/ --out b"),
    (5, "X_Y=1 torchrun --nproc-per-node 8 hornbook train sft c/ --out d"),
    (14, "hornbook plan r.yaml"),
]


def test_commands_are_found_with_their_lines() -> None:
    found = [command for block in _blocks("p", PAGE) if is_shell(block) for command in block_commands(block)]
    assert [(command.line, command.text) for command in found] == FOUND


def test_what_is_no_command_is_a_block_that_must_be_listed() -> None:
    assert [(b.language, b.first) for b in _blocks("p", PAGE) if not is_shell(b)] == [
        ("indented", "made up --words"),
        ("text", "hornbook is spoken of"),
    ]


@pytest.mark.parametrize("table", [PARSED, SHOWN])
def test_every_entry_says_why(table: dict[object, str]) -> None:
    assert all(len(reason) > 4 for reason in table.values())
