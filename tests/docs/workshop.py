"""A folder with everything that the commands on the pages name, at the smallest size, made by Hornbook itself."""

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

from hornbook.base.files import read_records, write_records
from hornbook.base.records import Message, Sample
from hornbook.cli.main import hornbook
from hornbook.model.build import build_model
from hornbook.model.load_save import save_model
from hornbook.model.settings import ModelSettings
from hornbook.synthetic import stage as synth_stage
from hornbook.tokenizer.bytelevel import as_fast_tokenizer
from hornbook.tokenizer.settings import TokenizerSettings
from hornbook.tokenizer.train import train_bpe
from tests.docs.pages import ROOT, blocks, spans
from tests.report.test_compare import save as save_evaluation
from tests.report.test_pooled import finished_run
from tests.synthetic.corpus import CODE, page
from tests.synthetic.fake import good_teacher, opening

ADDRESS = "teacher.txt"  # holds the address of a teacher
CONTEXT = 256
TEACHERS_CONTEXT = 2048  # as long as the longest prompt of a kind
SHAPE = ModelSettings(layers=2, hidden=64, heads=4, kv_heads=2, mlp=96)
SMALL = """
name: small
teacher: {local: model.gguf}
stages:
  documents: {kind: curate, documents: ["./my-docs"], min_quality: 0.0, against: []}
  tasks: {kind: reasoning, tasks: {chain_sum: {samples: 20}}, search: 4, heldout: 2}
  synthetic: {kind: synth, profile: small, documents: documents, against: [], kinds: {textbook: {records: 8}}}
"""
RECORDED = "  synthetic: {kind: synth, teacher: {recorded: strong}, seed: 0, kinds: {summary: {records: 8}}}\n"


def furnish(folder: Path, patch: pytest.MonkeyPatch, teacher: str) -> None:
    """Fill `folder`; `teacher` is the address of a server that answers at once, for what asks very often.

    What stands on a page as an example of a file is that file's content here.
    """
    patch.chdir(folder)
    patch.setattr(synth_stage, "open_teachers", opening([], good_teacher))
    write_texts(folder)
    (folder / ADDRESS).write_text(teacher)
    (folder / "recipes/experiments/kinds.yaml").write_text(small_kinds(teacher))
    make_model(folder / "my-model")
    teach(Path("sft"))
    shutil.copytree("sft/model", "teacher")
    lengthen(Path("teacher/config.json"))
    do("export", "teacher", "--format", "gguf", "--out", "model.gguf")
    do("run", "recipes/small.yaml")
    for stage, names in {"documents": ["clean", "docs"], "synthetic": ["synthetic", "analogies"]}.items():
        for name in names:
            shutil.copytree(next(Path("runs/small/artifacts").glob(f"{stage}-*")), name)
    add_preferences(Path("synthetic/samples.parquet"))
    shutil.copytree("runs/small", "runs/pocket")
    shutil.copytree("runs/small", "runs/kinds")
    for seed in range(3):
        finished_run(Path(f"runs/pocket-{seed}"), 50, 55)
    save_evaluation(Path("scores-base"), "base", [1] * 30 + [0] * 30, [0] * 20, [0, 1, 0])
    save_evaluation(Path("scores-sft"), "sft", [1] * 40 + [0] * 20, [0] * 20, [1, 1, 0])
    do("tokenizer", "--documents", "clean", "--vocab-size", "400", "--out", "tok")
    for name, context in {"tokens": 64, "long-tokens": 128}.items():
        sizes = ["--tokens", "6000", "--context", str(context), "--shares", "{web: 0.5, synthetic: 0.5}"]
        do("mixture", "--tokenizer", "tok", "--documents", "clean", "--samples", "synthetic", *sizes, "--out", name)
    shape = ["--model.layers", "2", "--model.hidden", "32", "--model.heads", "2", "--model.kv-heads", "1"]
    do("train", "pretrain", "--tokens", "tokens", "--tokenizer", "tok", *shape, "--batch-rows", "4", "--out", "base")
    do("pairs", "my-model", "--samples", "synthetic", "--out", "pivots")
    Path("labels").mkdir()
    Path("solutions").mkdir()
    shutil.copy("taught.parquet", "solutions/samples.parquet")
    for name in ["longer", "better"]:
        shutil.copytree("sft", name)
    shutil.rmtree("my-model")
    shutil.copytree("sft", "my-model")


def do(*words: str) -> None:
    hornbook.main(list(words), standalone_mode=False)


def write_texts(folder: Path) -> None:
    """The pages' own examples, some prose, and recipes of the names that the pages give."""
    (folder / "my-docs").mkdir()
    for number in range(24):
        (folder / f"my-docs/{number}.md").write_text(page(number).text)
        (folder / f"my-docs/{number}.py").write_text(CODE.format(n=number))
    (folder / "faq.md").write_text("## Why do the tides change?\n\nBecause the moon and the sun move.\n")
    (folder / "questions.jsonl").write_text(example_question() + "\n")
    (folder / "held-out.jsonl").write_text(example_question() + "\n")
    (folder / "problems.csv").write_text("task,key\nWhat is 2 + 3?,5\n")
    (folder / "chats").mkdir()
    for name in ["chats.jsonl", "chats/some.jsonl"]:
        (folder / name).write_text(example_chat())
    for name in ["analogy.yaml", "mine.yaml", "debate.yaml"]:
        (folder / name).write_text(kind_text("about: Two" if name == "debate.yaml" else "about: A passage"))
    (folder / "recipes/experiments").mkdir(parents=True)
    (folder / "recipes/small.yaml").write_text(SMALL)
    for name in ["phi-4", "smollm2"]:
        shutil.copy(ROOT / f"recipes/{name}.yaml", folder / "recipes")
    (folder / "recipes/pocket.yaml").write_text(small_pocket())


def small_pocket() -> str:
    """The smallest recipe with all stages of the pocket recipe."""
    text = (ROOT / "tests/recipe/mini.yaml").read_text().replace('["DOCUMENTS"]', '["./my-docs"]')
    text = text.replace("name: mini", "name: pocket")
    text = re.sub(r"(?ms)^  synthetic:.*?(?=^  tokenizer:)", RECORDED, text)
    return re.sub(r"^teacher: .*$", "teacher: {local: model.gguf, context: 256}", text, flags=re.MULTILINE)


def small_kinds(teacher: str) -> str:
    """The recipe of all kinds with that teacher, one seed of each kind and texts of one package."""
    recipe = yaml.safe_load((ROOT / "recipes/experiments/kinds.yaml").read_text())
    stages = recipe["stages"]
    stages["documents"]["packages"] = ["colorsys", "textwrap", "heapq"]
    stages["synthetic"] |= {"teacher": {"url": teacher, "model": "mock"}, "records": 1}
    text: str = yaml.safe_dump(recipe, sort_keys=False)
    return text


def example_question() -> str:
    """README's line of a question."""
    return next(span for _, span in spans() if span.startswith('{"question"'))


def example_chat() -> str:
    """The line of a conversation in docs/training.md."""
    return next(block.text for block in blocks() if block.first.startswith('{"id": "1", "messages"'))


def kind_text(begin: str) -> str:
    """The kind on docs/add-a-dataset.md that begins so."""
    return next(block.text for block in blocks() if block.first.startswith(begin))


def make_model(folder: Path) -> None:
    texts = [page(number).text for number in range(24)] + ["What is 2 + 3?", "What is 17 + 25? 42"] * 20
    tokenizer = as_fast_tokenizer(train_bpe(TokenizerSettings(vocab_size=400), texts))
    save_model(build_model(SHAPE, tokenizer, CONTEXT, seed=1), tokenizer, folder)


def teach(out: Path) -> None:
    """A model that is brief, as a teacher that has to be fast, and right on the pages' questions half of the time."""
    questions = {json.loads(example_question())["question"]: "5", "What is 17 + 25?": "42"}
    said = [(asked, answer) for asked, right in questions.items() for answer in (right, "9")] * 30
    said += [(page(number).text[place : place + 60], "9") for number in range(20) for place in (0, 90)]
    rows = [
        Sample(id=f"taught-{number}", source="synthetic", kind="taught",
               messages=[Message("user", asked), Message("assistant", f"It is {answer}.")])
        for number, (asked, answer) in enumerate(said)
    ]  # fmt: skip
    write_records(Path("taught.parquet"), Sample, rows)
    sizes = ["--batch-rows", "1", "--microbatch-rows", "1", "--epochs", "3", "--learning-rate", "1e-2"]
    do("train", "sft", "my-model", "--samples", "taught.parquet", *sizes, "--out", str(out))


def lengthen(config: Path) -> None:
    """Let the model read longer texts than it was taught on."""
    values = json.loads(config.read_text())
    longer = dict.fromkeys(["max_position_embeddings", "original_max_position_embeddings"], TEACHERS_CONTEXT)
    config.write_text(json.dumps(values | longer))


def add_preferences(file: Path) -> None:
    """Records with a better and a worse reply, as the kinds of the family `preference` make them."""
    turns = [Message("user", "What is 2 + 3?"), Message("assistant", "It is 5.")]
    worse = [
        Sample(id=f"sample-worse-{n}", source="synthetic", kind="checked_math", messages=turns, rejected=f"It is {n}.")
        for n in (6, 7, 8, 9)
    ]
    write_records(file, Sample, [*read_records(file, Sample), *worse])


def a_record(folder: Path) -> str:
    """The id of a record that the run in `folder` made."""
    return read_records(next((folder / "runs/small/artifacts").glob("synthetic-*")), Sample)[0].id
