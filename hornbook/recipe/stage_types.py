"""The kinds of stage: what each takes, makes and runs. The one table that knows all the rooms.

To add a stage, write its function and settings in its room and add a line here: it is then a recipe stage, a command
with `--help`, and part of `hornbook plan`.
"""

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hornbook.base.settings import Settings

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True)
class Slot:
    """An input of a stage: what it must hold, and whether several or none will do."""

    holds: str
    many: bool = False
    optional: bool = False


@dataclass(frozen=True)
class Kind:
    """One kind of stage.

    Attributes:
        function: "module:name" of the room's function, imported only when it runs.
        settings_class: "module:name" of its settings.
        slots: inputs by the name of the function's keyword.
        makes: what its output holds (documents, samples, questions, tokenizer, tokens, model, pairs, scores, advice).
        version: raise it when the same settings and inputs would give another output than before.
        command: its words on the command line, with `argument` the slot that is given without a flag.
        report: section of the report that it implements.
        listing: "module:name" of a function that gives the lines of `--list`, where there is something to choose from.
        together: under torchrun all processes take part; any other stage is the first one's work.
        shows: "module:name" of a function that gives the tables which the command prints of its finished folder.
    """

    name: str
    does: str
    function: str
    settings_class: str
    makes: tuple[str, ...]
    command: str
    example: str
    report: str
    slots: Mapping[str, Slot] = field(default_factory=dict)
    version: int = 1
    argument: str = ""
    listing: str = ""
    shows: str = ""
    together: bool = False

    @property
    def settings(self) -> type[Settings]:
        cls: type[Settings] = _load(self.settings_class)
        return cls

    def lines(self, name: str = "") -> Iterable[str]:
        """What `--list NAME` shows; all there is without a name."""
        listing: Callable[[str], Iterable[str]] = _load(self.listing)
        return listing(name)

    def tables(self, out: Path) -> Iterable["Table"]:
        """What the command shows of its finished folder `out`."""
        if not self.shows:
            return ()
        shows: Callable[[Path], Iterable[Table]] = _load(self.shows)
        return shows(out)

    def load(self) -> Callable[..., None]:
        """The room's function (this imports the room, which may take seconds)."""
        function: Callable[..., None] = _load(self.function)
        return function


def _load(path: str) -> Any:
    module, name = path.split(":")
    return getattr(importlib.import_module(module), name)


DOCUMENTS = Slot("documents", many=True, optional=True)
SAMPLES = Slot("samples", many=True, optional=True)
QUESTIONS = Slot("questions", many=True)
MODEL = Slot("model")

_KINDS = [
    Kind(
        name="curate",
        does="Clean, deduplicate, grade and decontaminate organic documents.",
        function="hornbook.data.curate:curate",
        settings_class="hornbook.data.settings:CurateSettings",
        slots={"documents": DOCUMENTS},
        makes=("documents",),
        command="curate",
        argument="documents",
        example="hornbook curate my-docs/ --out clean",
        report="2.3, B",
    ),
    Kind(
        name="decontaminate",
        does="Set aside the records that overlap with benchmarks (both n-gram rules of appendix B).",
        function="hornbook.data.decontaminate:decontaminate",
        settings_class="hornbook.data.settings:DecontaminateSettings",
        slots={"records": Slot("documents", many=True)},
        makes=("documents",),
        command="decontaminate",
        argument="records",
        example="hornbook decontaminate my.jsonl --benchmarks mmlu --benchmarks gsm8k --out clean",
        report="B",
    ),
    Kind(
        name="reasoning",
        does="Generate procedural reasoning tasks with worked solutions, each checked by the task's scorer.",
        function="hornbook.synthetic.reasoning.stage:reasoning",
        settings_class="hornbook.synthetic.reasoning.settings:ReasoningSettings",
        makes=("samples", "questions"),
        command="reasoning",
        example="hornbook reasoning --out tasks",
        report="2.2",
    ),
    Kind(
        name="trivia",
        does="Collect facts with questions about them, and bogus questions that should be refused.",
        function="hornbook.synthetic.trivia.stage:trivia",
        settings_class="hornbook.synthetic.trivia.settings:TriviaSettings",
        makes=("documents", "questions"),
        command="trivia",
        example="hornbook trivia --out trivia",
        report="A.1",
    ),
    Kind(
        name="synth",
        version=3,
        does="Let a teacher write, revise, reverse and answer: validated synthetic records, traceable to their seeds.",
        function="hornbook.synthetic.synth:synth",
        settings_class="hornbook.synthetic.settings:SynthSettings",
        slots={"documents": Slot("documents", many=True), "questions": Slot("questions", many=True, optional=True)},
        makes=("samples",),
        command="synth",
        argument="documents",
        example="hornbook synth clean/ --teacher.url http://127.0.0.1:8000/v1 --teacher.model my-model --out synthetic",
        listing="hornbook.synthetic.catalogue:listing",
        report="2.2, D",
    ),
    Kind(
        name="tokenizer",
        does="Train a byte-level BPE, or take cl100k padded to 100,352, with the chat template.",
        function="hornbook.tokenizer.train:tokenizer",
        settings_class="hornbook.tokenizer.settings:TokenizerSettings",
        slots={"documents": DOCUMENTS, "samples": SAMPLES},
        makes=("tokenizer",),
        command="tokenizer",
        example="hornbook tokenizer --documents clean/ --vocab-size 4096 --out tokenizer",
        report="3",
    ),
    Kind(
        name="mixture",
        version=2,
        does="Tokenise, mix by share and epochs, and pack into rows.",
        function="hornbook.mixture.stage:mixture",
        settings_class="hornbook.mixture.settings:MixtureSettings",
        slots={"tokenizer": Slot("tokenizer"), "documents": DOCUMENTS, "samples": SAMPLES},
        makes=("tokens",),
        command="mixture",
        example="hornbook mixture --tokenizer tok/ --documents clean/ --tokens 1000000 --context 256 "
        "--shares '{web: 0.5, code: 0.5}' --out tokens",
        report="3.1, 3.2",
    ),
    Kind(
        name="pretrain",
        version=2,
        together=True,
        does="Train a Phi-3-architecture model from scratch.",
        function="hornbook.training.pretrain:pretrain",
        settings_class="hornbook.training.settings:PretrainSettings",
        slots={"tokens": Slot("tokens"), "tokenizer": Slot("tokenizer")},
        makes=("model",),
        command="train pretrain",
        example="hornbook train pretrain --tokens tokens/ --tokenizer tok/ --model.layers 4 --out base",
        report="3",
    ),
    Kind(
        name="midtrain",
        version=2,
        together=True,
        does="Lengthen a model's context on long documents and recall data.",
        function="hornbook.training.midtrain:midtrain",
        settings_class="hornbook.training.settings:MidtrainSettings",
        slots={"model": MODEL, "tokens": Slot("tokens")},
        makes=("model",),
        command="train midtrain",
        argument="model",
        example="hornbook train midtrain base/ --tokens long-tokens/ --out longer",
        report="3.3",
    ),
    Kind(
        name="sft",
        version=2,
        together=True,
        does="Fine-tune on conversations; the loss is on the assistant's tokens only.",
        function="hornbook.training.sft:sft",
        settings_class="hornbook.training.settings:SftSettings",
        slots={"model": MODEL, "samples": Slot("samples", many=True)},
        makes=("model",),
        command="train sft",
        argument="model",
        example="hornbook train sft base/ --samples chats.jsonl --epochs 2 --out sft",
        report="4.1",
    ),
    Kind(
        name="refusal",
        version=3,
        does="Measure what the model knows and make data that teaches it to refuse the rest.",
        function="hornbook.preference.refusal:refusal",
        settings_class="hornbook.preference.settings:RefusalSettings",
        slots={"model": MODEL, "questions": QUESTIONS},
        makes=("samples", "pairs"),
        command="refusal",
        argument="model",
        example="hornbook refusal sft/ --questions trivia/ --out refusals",
        report="4.4, A.1",
    ),
    Kind(
        name="pts",
        version=7,
        does="Pivotal token search: the single tokens that make or break a solution, and pairs from them.",
        function="hornbook.pts.stage:pts",
        settings_class="hornbook.pts.settings:PtsSettings",
        slots={"model": MODEL, "questions": QUESTIONS},
        makes=("pairs",),
        command="pts",
        argument="model",
        example="hornbook pts sft/ --questions questions.jsonl --oracle number --out pivots",
        report="4.3",
    ),
    Kind(
        name="dpo",
        version=2,
        together=True,
        does="Direct preference optimisation on single pivotal tokens, first tokens or full replies.",
        function="hornbook.training.dpo:dpo",
        settings_class="hornbook.training.settings:DpoSettings",
        slots={"model": MODEL, "pairs": Slot("pairs", many=True)},
        makes=("model",),
        command="train dpo",
        argument="model",
        example="hornbook train dpo sft/ --pairs pivots/ --out dpo",
        report="4.2, 4.3",
    ),
    Kind(
        name="judged-pairs",
        version=3,
        does="Judge several replies per prompt for accuracy, style and detail, and make pairs.",
        function="hornbook.preference.judged_pairs:judged_pairs",
        settings_class="hornbook.preference.settings:JudgedPairsSettings",
        slots={"model": MODEL, "questions": QUESTIONS, "others": Slot("model", many=True, optional=True)},
        makes=("pairs",),
        command="judged-pairs",
        argument="model",
        example="hornbook judged-pairs dpo/ --questions questions.jsonl --teacher.local smollm2 --out judged",
        report="4.2",
    ),
    Kind(
        name="pairs",
        does="Turn synthetic samples with a better and a worse reply into preference pairs of a model.",
        function="hornbook.preference.synthetic_pairs:pairs",
        settings_class="hornbook.preference.settings:PairsSettings",
        slots={"model": MODEL, "samples": Slot("samples", many=True)},
        makes=("pairs",),
        command="pairs",
        argument="model",
        example="hornbook pairs sft/ --samples synthetic/ --out pairs",
        report="4.2, 4.4",
    ),
    Kind(
        name="evaluation",
        version=3,
        does="Score a model on held-out tasks, refusals and real benchmarks, with 95 % intervals.",
        function="hornbook.evaluation.stage:evaluation",
        settings_class="hornbook.evaluation.settings:EvaluationSettings",
        slots={
            "model": MODEL,
            "questions": Slot("questions", many=True, optional=True),
            "before": Slot("scores", optional=True),
            "training": Slot("samples", many=True, optional=True),
        },
        makes=("scores",),
        command="eval",
        argument="model",
        example="hornbook eval sft/ --questions held-out.jsonl --style chat --out scores",
        shows="hornbook.evaluation.table:score_tables",
        report="5, 6, C",
    ),
    Kind(
        name="tune",
        together=True,
        does="Choose learning rate, batch and warm-up for a long run by short ones.",
        function="hornbook.tuning.tune:tune",
        settings_class="hornbook.tuning.settings:TuneSettings",
        slots={"tokens": Slot("tokens"), "tokenizer": Slot("tokenizer")},
        makes=("advice",),
        command="tune",
        argument="tokens",
        example="hornbook tune tokens/ --tokenizer tok/ --horizons '[100000, 200000]' --target 2500000 --out tuned",
        report="3",
    ),
    Kind(
        name="ablation",
        together=True,
        does="Compare mixtures by proxy runs, and tell how far a small search can be trusted.",
        function="hornbook.tuning.ablation:ablation",
        settings_class="hornbook.tuning.settings:AblationSettings",
        slots={
            "tokens": Slot("tokens"),
            "tokenizer": Slot("tokenizer"),
            "questions": Slot("questions", many=True, optional=True),
        },
        makes=("advice",),
        command="ablation",
        argument="tokens",
        example="hornbook ablation tokens/ --tokenizer tok/ --horizons '[100000, 200000]' "
        "--allocations '{no-web: {synthetic: 0.8, code: 0.2}}' --out ablation",
        report="3.2",
    ),
]

KINDS: dict[str, Kind] = {kind.name: kind for kind in _KINDS}
