"""A kind whole (`hornbook synth --show KIND`): its settings, and its prompts as they are sent, for an example seed.

What only a stage before gives, such as a draft that is to be revised, stands as its name in angle brackets.
"""

from collections.abc import Iterator

import numpy as np

from hornbook.base.records import Document, Question, make_id
from hornbook.synthetic.code_seeds import functions
from hornbook.synthetic.engine import RecordJob, drawn_values
from hornbook.synthetic.kind import Kind, KindSettings, Material, Seed
from hornbook.synthetic.kinds import Profile, load_kind
from hornbook.synthetic.passages import Page, PassageSettings, passages
from hornbook.synthetic.words import Rarity

PROSE = """\
The heart of a mechanical clock is its escapement, which lets the train of wheels move on by one tooth for each swing
of the pendulum. A weight drives the wheels; without the escapement it would fall to the ground in seconds. Because a
pendulum of a given length takes nearly the same time for wide and for narrow swings, the teeth pass at even intervals,
and so the hands advance evenly.

Christiaan Huygens built the first working pendulum clock in 1656. Clocks before it had gone wrong by some fifteen
minutes a day; his went wrong by fifteen seconds. A pendulum with a swing of one second to each side is about 99
centimetres long. When it gets warmer, the rod grows longer and the clock goes slow: a steel rod that is warmed by ten
degrees costs about five seconds a day. George Graham therefore hung a jar of mercury from the rod in 1721. The mercury
rises in its jar as the rod grows downwards, so that the centre of the weight stays where it was.
"""
CODE = '''\
def running_median(values, width):
    """The median of each window of `width` neighbouring values."""
    if width < 1 or width % 2 == 0:
        raise ValueError("width must be odd and positive")
    medians = []
    for start in range(len(values) - width + 1):
        window = sorted(values[start : start + width])
        medians.append(window[width // 2])
    return medians
'''
REPEATED = 60  # times; then the example page is longer than any kind needs


def shown(name: str, profile: Profile = "full", seed: int = 0) -> Iterator[str]:
    """The lines of `--show NAME`. Raises HornbookError when there is no such kind."""
    kind = load_kind(name, profile)
    yield f"{kind.name}: {kind.about}"
    yield f"mechanism {kind.mechanism or 'of its own'}; seeds {kind.seeded_by}"
    yield f"source {kind.source}; report {kind.report}"
    yield f"checks: {', '.join(kind.checks)}; at most {kind.calls(kind.settings())} calls a record"
    yield f"settings: {', '.join(f'{key}={value}' for key, value in kind.settings())}"
    drawn = example_seed(kind, kind.settings())
    if not kind.prompts or drawn is None:
        yield "\nIts prompts are made by a program: synthetic/kinds."
        return
    values = drawn_values(RecordJob(kind, kind.settings(), drawn), seed)
    for stage, prompt in kind.prompts.items():
        yield f"\n=== {stage} " + "=" * (100 - len(stage))
        for turn in prompt.messages(kind.system, values, named=True):
            yield f"--- {turn.role}\n{turn.content}"


def example_seed(kind: Kind, settings: KindSettings) -> Seed | None:
    """A seed of the kind from the examples of this file; None if it needs another.

    For a kind that needs a longer page the example's is repeated."""
    documents = [_document(PROSE, "prose"), _document(CODE, "code")]
    cutting, rarity = PassageSettings(), Rarity([PROSE])
    whole = passages(documents[0], cutting, rarity)
    parts = passages(documents[0], PassageSettings(tokens=(50, 200)), rarity)
    question = Question(
        id="question-example",
        task="example",
        prompt="A tank holds 240 litres and loses 3 litres an hour. After how many hours is a quarter of it gone?",
        answer="20",
        oracle="number",
    )
    for times in (1, REPEATED):
        page = Page(id=documents[0].id, text=PROSE, origin="example", passages=parts * times)
        material = Material(whole, list(functions(documents[1])), [question], [page], cutting)
        found = kind.seeds(material, 1, np.random.default_rng(0), settings)
        if found:
            return found[0]
    return None


def _document(text: str, kind: str) -> Document:
    return Document(id=make_id("doc", text), text=text, source="web", origin="example", kind=kind, language="en")
