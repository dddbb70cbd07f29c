"""The first prompts of planned records, as they would be sent."""

import asyncio

from hornbook.base.rng import rng
from hornbook.synthetic.engine import RecordJob, drawn_values
from hornbook.synthetic.kind import Material, RecordContext
from hornbook.synthetic.kinds import load_kind
from hornbook.synthetic.passages import PassageSettings


class Sent(Exception):
    pass


class OneCall:
    async def complete(self, messages, **options):
        raise Sent("\n\n".join(message.content for message in messages))


def first_prompts(name, passages=(), pages=(), count=1000):
    """What the first call of each of `count` records says, with as many draws of each seed as that takes."""
    kind = load_kind(name)
    settings = kind.settings()
    material = Material(list(passages), [], [], list(pages), PassageSettings())
    seeds = kind.seeds(material, count, rng(1, "seeds", name), settings)
    prompts = []
    for number in range(count):
        seed, draw = seeds[number % len(seeds)], number // len(seeds)
        ask = RecordContext(OneCall(), kind, settings, PassageSettings(), rng(1, "record", name, seed.id))
        ask.values |= drawn_values(RecordJob(kind, settings, seed, draw), 1)
        try:
            asyncio.run(kind.make(seed, ask, settings))
        except Sent as sent:
            prompts.append(str(sent))
    return prompts
