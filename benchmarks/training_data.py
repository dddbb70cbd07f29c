"""What the training benchmark trains on: Python's own standard library, and a model made for it.

Conversations ask what a function does and often for its code; documents are functions and whole classes.
Lengths are mixed as in life: most are short, some fill the context. Both sides get the very same token ids.
"""

import ast
import json
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hornbook.base.files import write_json
from hornbook.base.records import Message
from hornbook.base.rng import rng
from hornbook.model.build import build_model
from hornbook.model.load_save import save_model
from hornbook.model.settings import ModelSettings, parameters
from hornbook.tokenizer.bytelevel import as_fast_tokenizer
from hornbook.tokenizer.chat import encode_chat, load_tokenizer
from hornbook.tokenizer.settings import TokenizerSettings
from hornbook.tokenizer.train import train_bpe

CONTEXT = 1024
VOCABULARY = 8192
SHAPE = ModelSettings(layers=8, hidden=256, heads=4, kv_heads=2, mlp=832)  # 10.9 M parameters with this vocabulary
SIZES = (
    ModelSettings(layers=4, hidden=128, heads=2, kv_heads=1, mlp=416),
    SHAPE,
    ModelSettings(layers=12, hidden=512, heads=8, kv_heads=4, mlp=1664),
)
CONVERSATIONS, DOCUMENTS = 3000, 4000


class Material(NamedTuple):
    """Files that both sides read: a Hugging Face folder, and token ids as JSON.

    `conversations` holds `{"tokens": [...], "learn": [...]}`, `documents` lists of ids, each of at most `CONTEXT`.
    """

    model: Path
    conversations: Path
    documents: Path


def material(folder: Path) -> Material:
    """Made once in `folder`, the same on any machine with the same Python."""
    made = Material(folder / "model", folder / "conversations.json", folder / "documents.json")
    if all(path.exists() for path in made):
        return made
    definitions = list(_definitions())
    outermost = [definition for definition in definitions if definition.outermost]
    choose = rng(0, "training benchmark")
    tokenizer = as_fast_tokenizer(train_bpe(TokenizerSettings(vocab_size=VOCABULARY), [d.source for d in definitions]))
    documents: list[list[int]] = []
    for index in choose.permutation(len(outermost)):
        ids = [*tokenizer.encode(outermost[index].source, add_special_tokens=False), tokenizer.eos_token_id]
        documents += [ids[start : start + CONTEXT] for start in range(0, len(ids), CONTEXT)]
    conversations = []
    for index in choose.permutation(len(definitions)):
        definition = definitions[index]
        if not definition.doc:
            continue
        messages = [Message("user", f"What does `{definition.name}` do?"), Message("assistant", definition.doc)]
        if choose.random() < 0.5:
            messages += [Message("user", "Show me its code."), Message("assistant", definition.source)]
        tokens, learn = encode_chat(tokenizer, messages)
        if len(tokens) <= CONTEXT:
            conversations.append({"tokens": tokens, "learn": [int(said) for said in learn]})
    folder.mkdir(parents=True, exist_ok=True)
    save_model(build_model(SHAPE, tokenizer, CONTEXT, seed=0), tokenizer, made.model)
    write_json(made.conversations, conversations[:CONVERSATIONS])
    write_json(made.documents, documents[:DOCUMENTS])
    return made


def lengths(file: Path) -> str:
    """How long the texts are, in words."""
    texts = json.loads(file.read_text())
    found = np.array([len(text["tokens"] if isinstance(text, dict) else text) for text in texts])
    low, middle, high = np.percentile(found, [10, 50, 90])
    return f"{len(found):,} texts of {low:.0f}, {middle:.0f}, {high:.0f} tokens (10th, 50th, 90th percentile)"


def long_documents(made: Material, context: int) -> Path:
    """The documents one after the other, cut into rows of just `context` tokens."""
    file = made.documents.with_name(f"documents-{context}.json")
    if not file.exists():
        ids = [token for document in json.loads(made.documents.read_text()) for token in document]
        write_json(file, [ids[start : start + context] for start in range(0, len(ids) - context + 1, context)])
    return file


def sizes(folder: Path) -> dict[str, Path]:
    """Models of three sizes with the material's tokenizer, by their number of parameters."""
    tokenizer = load_tokenizer(folder / "model")
    made = {}
    for shape in SIZES:
        path = folder / f"model-{shape.layers}-{shape.hidden}"
        if not path.exists():
            save_model(build_model(shape, tokenizer, CONTEXT, seed=0), tokenizer, path)
        made[f"{parameters(shape, VOCABULARY) / 1e6:.0f} M"] = path
    return made


class _Definition(NamedTuple):
    name: str
    doc: str
    source: str
    outermost: bool


def _definitions() -> Iterator[_Definition]:
    for file in sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py")):
        text = file.read_text()
        lines, tree = text.splitlines(), ast.parse(text)
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                source = "\n".join(lines[node.lineno - 1 : node.end_lineno])
                yield _Definition(f"{file.stem}.{node.name}", ast.get_docstring(node) or "", source, node in tree.body)
