"""The work that all sides of `benchmarks/synth.py` do; standard library only, because peers run it too.

Every row is a passage. Its title is asked for, and then a retelling under that title: two requests a row, the second
with the answer to the first in it; or, where `titled` is off, the retelling alone.
"""

import hashlib
import json
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

TITLE = "Give the passage a title.\n\nPassage: {text}"
RETELL = "Retell the passage in your own words under the title {title}.\n\nPassage: {text}"
UNTITLED = "Retell the passage in your own words.\n\nPassage: {text}"
MODEL = "mock"
_NOUNS = "river engine library garden harbour bridge castle violin glacier orchard compass lantern volcano meadow"
_VERBS = "carries protects measures supplies reflects divides connects balances preserves explains follows needs"
NOUNS, VERBS = _NOUNS.split(), _VERBS.split()


def passages(count: int) -> list[str]:
    """Passages of about 300 characters, no two alike."""
    return [passage(number) for number in range(count)]


def passage(number: int) -> str:
    dice = random.Random(number)
    a, b, c, d, e = dice.sample(NOUNS, 5)
    v, w, x = dice.sample(VERBS, 3)
    return (
        f"Page {number} is about a {a} that {v} the {b} whenever the {c} is far away. Because the {b} never {w} the"
        f" {d}, the {a} must stay close to the {e}. For example, a {c} in winter {x} what the {d} has lost. Therefore"
        f" every {c} that {v} the {e} is known as a guardian, and the {a} always {x} the {b} of page {number}."
    )


def job() -> dict[str, Any]:
    """What this worker was asked to do."""
    return json.loads(Path(sys.argv[1]).read_text())


def finish(asked: dict[str, Any], started: float, records: list[str]) -> None:
    """Say how long the run took, and what came of it: how many records, and a digest of all of them."""
    digest = hashlib.sha256(json.dumps(sorted(records)).encode()).hexdigest()
    said = {"seconds": time.perf_counter() - started, "records": len(records), "digest": digest}
    Path(asked["result"]).write_text(json.dumps(said))


def run(work: Callable[[dict[str, Any]], list[str]]) -> None:
    """A worker's main: from its start, all imports done, to its records."""
    asked = job()
    started = time.perf_counter()
    finish(asked, started, work(asked))
