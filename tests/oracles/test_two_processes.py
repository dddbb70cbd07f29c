"""Whatever the program answers, the tests' process has a value, an exception, or says that the program has ended."""

import json
import os
import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hornbook.oracles.two_processes.peer import Ended, Peer
from hornbook.oracles.two_processes.permitted import may

KINDS = [
    *("int", "tuple", "frozenset", "bytes", "complex", "container", "again", "back", "yours", "name", "value", "shown"),
    *("error class", "error", "do", "gave", "raised", "call", "unpack", "_init__", "builtins", "list", "dict", "deque"),
    *("collections", "Counter", "decimal", "Decimal", "datetime", "pathlib", "PosixPath", "Exception", "OSError", ""),
]
TEXTS = st.sampled_from(KINDS) | st.text(max_size=5)
LEAVES = st.none() | st.booleans() | st.integers(-3, 9) | st.floats() | TEXTS


def _within(inner: Any) -> Any:
    told = st.builds(lambda kind, rest: [kind, *rest], TEXTS, st.lists(inner, max_size=5))
    return told | st.lists(inner, max_size=5) | st.dictionaries(TEXTS, inner, max_size=2)


ANYTHING = st.recursive(LEAVES, _within, max_leaves=25)


@settings(max_examples=500, deadline=None)
@given(ANYTHING, ANYTHING, st.sampled_from(["gave", "raised", "do"]))
def test_no_answer_breaks_the_process_of_the_tests(content: Any, more: Any, kind: str) -> None:
    message = [kind, content, more] if kind == "do" else [kind, content, more if type(more) is list else [], ""]
    asked(json.dumps(message).encode() + b"\n" + b'["gave", 1, [], ""]\n')


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_break_the_process_of_the_tests(line: bytes) -> None:
    asked(line + b"\n" + line)


def asked(answers: bytes) -> None:
    reading, writing = os.pipe()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.write(writing, answers[:60_000])
    os.close(writing)
    peer = Peer(reading, nowhere, guarded=True, may=may)
    try:
        peer.ask("call", [1, {"a": (2,)}], random.random)
    except Ended:
        assert peer.ended
    except BaseException as error:
        assert not peer.ended and type(error).__module__ in ("builtins", "solution"), error
    finally:
        os.close(reading)
        os.close(nowhere)
