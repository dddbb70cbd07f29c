"""What the benchmark counts as an answer that had arrived and was asked again."""

import pytest

from benchmarks.synth_kills import arrived_yet_asked
from benchmarks.synth_sides import Event

CASES = [  # what happened, (what, when), moments of the kills, what the ledger held at each, how many count
    ("in flight at the kill", [("asked", 0.9), ("asked", 2.0), ("sent", 2.1)], [1.0], [set()], 0),
    ("sent well before, and lost", [("asked", 0.1), ("sent", 0.2), ("asked", 2.0), ("sent", 2.1)], [1.0], [set()], 1),
    ("sent at the moment of the kill", [("asked", 0.8), ("sent", 0.99), ("asked", 2.0)], [1.0], [set()], 0),
    ("in the ledger, and asked", [("asked", 0.8), ("sent", 0.99), ("asked", 2.0)], [1.0], [{"r"}], 1),
    (
        "sent to a client that was dead, in flight again at the next kill",
        [("asked", 0.9), ("sent", 1.01), ("asked", 2.9), ("asked", 5.0), ("sent", 5.1)],
        [1.0, 3.0],
        [set(), set()],
        0,
    ),
    (
        "answered after the first kill, asked again after the second",
        [("asked", 0.9), ("asked", 2.0), ("sent", 2.1), ("asked", 5.0)],
        [1.0, 3.0],
        [set(), set()],
        1,
    ),
]


@pytest.mark.parametrize(("what", "events", "kills", "ledgers", "count"), CASES)
def test_an_answer_that_arrived_is_told_from_one_sent_to_a_client_that_was_dead(what, events, kills, ledgers, count):
    log = [Event(kind, at, "r", 0.1) for kind, at in events]
    assert arrived_yet_asked(log, list(zip(kills, ledgers, strict=True))) == count
