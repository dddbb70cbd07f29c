"""A teacher with a script: what it answers at each stage is written down, so that a test shows what one check does."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace

import msgspec

from hornbook.base.records import Document, Message, make_id
from hornbook.base.rng import rng
from hornbook.synthetic.engine import RecordJob, drawn_values
from hornbook.synthetic.kind import Kind, KindSettings, Made, RecordContext, Rejected, Seed
from hornbook.synthetic.kind_check import EVERYWHERE, case_of
from hornbook.synthetic.kinds import Profile, load_kind
from hornbook.synthetic.mechanisms import load_mechanism
from hornbook.synthetic.passages import Passage, PassageSettings, passages
from hornbook.synthetic.words import Rarity
from hornbook.teacher.client import Completion

Script = dict[str, str | list[str] | Callable[[str, int], str]]  # an answer; one by sample; or by prompt and sample


class ScriptedTeacher:
    """Attributes: asked: (stage, last prompt) of each call, in order."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.asked: list[tuple[str, str]] = []

    async def complete(
        self, messages: list[Message], *, purpose: str, sample: int = 0, temperature: float = 0.7, top_p: float = 1.0,
        max_tokens: int = 256, stop: Sequence[str] = (), schema: str = "",
    ) -> Completion:  # fmt: skip
        stage, prompt = purpose.split("/")[1], messages[-1].content
        self.asked.append((stage, prompt))
        said = self.script[stage]
        text = said(prompt, sample) if callable(said) else said if isinstance(said, str) else said[sample % len(said)]
        return Completion(f"{purpose}-{len(self.asked)}", text, "stop", len(prompt.split()), len(text.split()))


def run_kind(
    name: str, seed: Seed, script: Script, *, seeded: int = 1, profile: Profile = "full", **settings: object
) -> list[Made]:
    """What the kind makes of the seed when the teacher keeps to the script. Raises Rejected, as the kind does.

    Holds the kind to what it declares: its checks, and the most calls of a record.
    """
    kind = load_kind(name, profile)
    chosen: KindSettings = kind.settings.parse(settings, name)
    kind = using_all_names(kind, chosen)
    teacher = ScriptedTeacher(script)
    ask = RecordContext(teacher, kind, chosen, PassageSettings(), rng(seeded, "record", name, seed.id))  # type: ignore[arg-type]
    ask.values |= drawn_values(RecordJob(kind, chosen, seed), seeded)
    try:
        made = asyncio.run(kind.make(seed, ask, chosen))
    except Rejected as rejected:
        assert rejected.check in kind.checks
        raise
    finally:
        assert len(teacher.asked) <= kind.calls(chosen)
    assert made and all(one.checks and set(one.checks) <= set(kind.checks) for one in made)
    return made


def using_all_names(kind: Kind, settings: KindSettings) -> Kind:
    """The kind with templates that use every name that its mechanism declares: one that is not given is an error."""
    mechanism = load_mechanism(kind.mechanism, kind.name)
    stages = mechanism.stages_of(case_of(replace(kind, settings=lambda: settings), mechanism, kind.name))  # type: ignore[arg-type]

    def using(text: str, sees: str) -> str:
        return text + "".join(f"{{% if not {name} %}}{{% endif %}}" for name in [*sees.split(), *EVERYWHERE])

    prompts = {
        stage: msgspec.structs.replace(prompt, user=using(prompt.user, stages[stage].sees))
        for stage, prompt in kind.prompts.items()
        if stage in stages
    }
    record = {
        role: using(text, f"{mechanism.record.get(role, '')} {stages['record'].sees}")
        for role, text in kind.record.items()
    }
    return replace(kind, prompts={**kind.prompts, **prompts}, record=record)


def passage_of(text: str) -> Passage:
    """The text as one passage, with the metadata it is given when cut."""
    document = Document(id=make_id("doc", text), text=text, source="web", origin="test", language="en")
    settings = PassageSettings(tokens=(1, 1000), prose=True, curation="off")
    return passages(document, settings, Rarity([text]))[0]


FORMS = {  # an answer as strong models write it → the same text
    "plain": "{}",
    "with a preamble": "Sure! Here it is:\n\n<text>\n{}\n</text>",
    "in a fence": "Here you are:\n```\n{}\n```",
    "with thinking": "<think>\nLet me see. Answer: 1\n</think>\n\n{}",
}


def in_form(form: str, text: str) -> str:
    """The text as an answer of that form; code, which is fenced already, is not fenced twice."""
    return FORMS[form if not text.startswith("```") or form != "in a fence" else "with a preamble"].format(text)


def first_prompts(name: str, seeds: Sequence[Seed], count: int = 1000) -> list[str]:
    """The first prompt as sent of `count` records planned over the seeds, each time with another draw."""
    kind = load_kind(name)
    settings = kind.settings()
    sent: list[str] = []

    class Enough(Exception):
        pass

    class Recorder:
        async def complete(self, messages: list[Message], **options: object) -> Completion:
            sent.append("\n\n".join(message.content for message in messages))
            raise Enough

    async def plan() -> None:
        for number in range(count):
            seed, draw = seeds[number % len(seeds)], number // len(seeds)
            dice = rng(0, "record", name, seed.id, draw)
            ask = RecordContext(Recorder(), kind, settings, PassageSettings(), dice)  # type: ignore[arg-type]
            ask.values |= drawn_values(RecordJob(kind, settings, seed, draw), 0)
            with contextlib.suppress(Enough):
                await kind.make(seed, ask, settings)

    asyncio.run(plan())
    return sent[:: max(1, len(sent) // count)]  # concurrent samples of a stage have one prompt
