"""`hornbook export` and `hornbook train sft`: what goes wrong is one line and exit code 2, what is bad is counted."""

import json
import sys
from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

from hornbook.cli.main import main
from hornbook.model.build import build_model
from hornbook.model.load_save import load_model, save_model
from hornbook.model.settings import ModelSettings
from hornbook.tokenizer.bytelevel import as_fast_tokenizer
from hornbook.tokenizer.settings import TokenizerSettings
from hornbook.tokenizer.train import train_bpe

QUICK = ["--epochs", "1", "--threads", "1", "--batch-rows", "4", "--microbatch-rows", "2"]
SHAPE = ModelSettings(layers=1, hidden=16, heads=2, kv_heads=1, mlp=16)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`chat/`, and `base/` without a chat template, of a context of 40."""
    folder = tmp_path_factory.mktemp("models")
    tokenizer = as_fast_tokenizer(train_bpe(TokenizerSettings(vocab_size=300), ["the heron waits by the river"]))
    model = build_model(SHAPE, tokenizer, context=40, seed=1)
    save_model(model, tokenizer, folder / "chat")
    tokenizer.chat_template = None
    save_model(model, tokenizer, folder / "base")
    return folder


@pytest.fixture
def run(tmp_path: Path, models: Path, monkeypatch, capsys):
    """Runs `hornbook` in a folder with `chat/`, `base/` and `chats.jsonl`; returns exit code and what it said."""
    for name in ("chat", "base"):
        (tmp_path / name).symlink_to(models / name)
    write(tmp_path / "chats.jsonl", [chat(f"c{i}", "hi", "the heron") for i in range(8)])
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["hornbook", *arguments])
        capsys.readouterr()
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        said = capsys.readouterr()
        return code, said.out + said.err

    return call


def chat(id: str, user: str, *replies: str) -> dict:
    turns = [turn for reply in replies for turn in (("user", user), ("assistant", reply))]
    messages = [{"role": role, "content": content} for role, content in turns]
    return {"id": id, "source": "synthetic", "kind": "k", "messages": messages}


def write(path: Path, records: list[dict]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


def test_a_model_is_exported_for_transformers_and_llama_cpp(run, tmp_path: Path) -> None:
    assert run("export", "chat", "--format", "gguf", "--type", "f16", "--out", "x.gguf")[0] == 0
    assert run("export", "chat", "--format", "hf", "--type", "bf16", "--out", "half")[0] == 0
    assert AutoModelForCausalLM.from_pretrained("half").config.architectures == ["Phi3ForCausalLM"]
    assert run("export", "x.gguf", "--format", "hf", "--out", "back")[0] == 0
    assert load_model("back", "float32").dtype == load_model("chat", "float32").dtype
    text = "the heron\n\twaits 12"
    ids = [AutoTokenizer.from_pretrained(folder).encode(text) for folder in ("chat", "half", "back")]
    assert ids[0] == ids[1] == ids[2]
    assert run("export", "chat", "--format", "gguf", "--out", "x.gguf", "--overwrite")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["export", "nothing", "--format", "gguf", "--out", "x"], "nothing: no model here"),
        (["export", ".", "--format", "hf", "--out", "x"], ".: no model here"),
        (["export", "chat", "--format", "gguf", "--out", "chats.jsonl"], "chats.jsonl: exists already"),
        (["export", "chat", "--format", "hf", "--out", "chats.jsonl", "--overwrite"], "chats.jsonl: not a model"),
        (
            ["export", "chat", "--format", "gguf", "--out", "base", "--overwrite"],
            "base: a folder; --format gguf writes",
        ),
        (["export", "chat", "--format", "hf", "--out", "chat", "--overwrite"], "chat: the model itself"),
        (["export", "chats.jsonl", "--format", "hf", "--out", "x"], "chats.jsonl: not a readable GGUF file"),
        (["export", "chats.jsonl", "--format", "gguf", "--out", "x"], "only be exported with --format hf"),
        (["export", "chat", "--format", "onnx", "--out", "x"], "'onnx' is not one of 'gguf', 'hf'"),
        (["train", "sft", "base", "--samples", "chats.jsonl", "--out", "o"], "--template chatml"),
        (
            ["train", "sft", "chat", "--samples", "chats.jsonl", "--out", "o", "--template", "x"],
            "not one of own, chatml",
        ),
        (
            ["train", "sft", "chat", "--samples", "chats.jsonl", "--out", "o", "--too-long", "x"],
            "not one of set-aside, cut",
        ),
        (["train", "sft", "chat", "--samples", "chats.jsonl", "--out", "o", "--lora.rank", "-1"], "lora.rank: "),
        (
            [
                "train",
                "sft",
                "chat",
                "--samples",
                "chats.jsonl",
                "--out",
                "o",
                "--lora.rank",
                "2",
                "--lora.targets",
                "x",
            ],
            "lora.targets: no layer to adapt",
        ),
        (["train", "sft", "nothing", "--samples", "chats.jsonl", "--out", "o"], "nothing: no model here"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_one_line_and_exit_code_2(run, tmp_path: Path, arguments: list[str], message: str) -> None:
    code, error = run(*arguments)
    assert code == 2
    assert message in error
    assert error.startswith("hornbook: ") and error.count("\n") == 1
    assert not (tmp_path / "x").exists() and (tmp_path / "chat" / "config.json").exists()


def test_without_the_package_an_error_names_it(run, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "gguf", None)
    assert "pip install gguf" in run("export", "chat", "--format", "gguf", "--out", "x")[1]
    monkeypatch.setitem(sys.modules, "peft", None)
    lora = ["--lora.rank", "2", *QUICK]
    code, error = run("train", "sft", "chat", "--samples", "chats.jsonl", "--out", "o", *lora)
    assert (code, error.count("\n")) == (2, 1) and "pip install peft" in error


def test_long_conversations_are_set_aside_or_cut(run, tmp_path: Path) -> None:
    long = [chat("reply", "hi", "the heron " * 30), chat("prompt", "the river " * 30, "no"), chat("ok", "hi", "ho")]
    later = chat("later", "hi", "the heron", "the river " * 20)
    write(tmp_path / "long.jsonl", [*long, later])
    code, out = run("train", "sft", "chat", "--samples", "long.jsonl", "--out", "aside", *QUICK)
    assert code == 0 and "set aside: 3 longer than the context" in out and "cut" not in out
    code, out = run("train", "sft", "chat", "--samples", "long.jsonl", "--out", "cut", "--too-long", "cut", *QUICK)
    assert code == 0 and "set aside: 1 longer than the context" in out and "cut: 2" in out
    book = json.loads((tmp_path / "cut" / "book.json").read_text())
    assert book["notes"]["kinds"] == {"k": 3}
    rejects = (tmp_path / "cut" / "rejects.jsonl").read_text()
    assert "no reply begins within it" in rejects and "prompt" in rejects


def test_a_base_model_learns_with_phi4s_template(run, tmp_path: Path, models: Path) -> None:
    learn = ["--samples", "chats.jsonl", "--template", "chatml", *QUICK]
    assert run("train", "sft", "base", *learn, "--out", "tuned")[0] == 0
    tokenizer = AutoTokenizer.from_pretrained("tuned/model")
    assert tokenizer.apply_chat_template([{"role": "user", "content": "hi"}], tokenize=False).startswith("<|im_start|>")

    # a tokenizer without the tokens: they are added, with embeddings
    bare = AutoTokenizer.from_pretrained("base")
    state = json.loads(bare.backend_tokenizer.to_str())
    for token in ("<|im_start|>", "<|im_sep|>", "<|im_end|>"):
        state["model"]["vocab"][f"unused{token}"] = state["model"]["vocab"].pop(token)
    state["added_tokens"] = [token for token in state["added_tokens"] if token["content"] == "<|endoftext|>"]
    bare = bare.__class__(
        tokenizer_object=bare.backend_tokenizer.from_str(json.dumps(state)), eos_token="<|endoftext|>"
    )
    size = len(bare)
    save_model(load_model("base", "float32"), bare, tmp_path / "bare")
    assert run("train", "sft", "bare", *learn, "--out", "grown")[0] == 0
    model, tokenizer = load_model("grown", "float32"), AutoTokenizer.from_pretrained("grown/model")
    assert model.get_input_embeddings().weight.shape[0] == len(tokenizer) == size + 3
    assert tokenizer.convert_tokens_to_ids("<|im_end|>") in model.generation_config.eos_token_id
    code, error = run("train", "sft", "bare", *learn, "--lora.rank", "2", "--out", "o")
    assert (code, error.count("\n")) == (
        2,
        1,
    ) and "adds tokens, whose embeddings are not trained with adapters" in error


def test_what_a_template_refuses_is_set_aside_and_the_others_are_learnt(run, tmp_path: Path, models: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained("chat")
    tokenizer.chat_template = (
        "{% if 'secret' in messages[0]['content'] %}{{ raise_exception('no secrets') }}{% endif %}"
        + tokenizer.chat_template
    )
    save_model(load_model("chat", "float32"), tokenizer, tmp_path / "strict")
    refused = chat("s", "a secret", "ho")
    write(tmp_path / "mixed.jsonl", [refused, chat("ok", "hi", "ho")])
    code, out = run("train", "sft", "strict", "--samples", "mixed.jsonl", "--out", "o", *QUICK)
    assert code == 0 and "set aside: 1 " in out
    assert "no secrets" in (tmp_path / "o" / "rejects.jsonl").read_text()
    write(tmp_path / "only.jsonl", [refused])
    code, error = run("train", "sft", "strict", "--samples", "only.jsonl", "--out", "p", *QUICK)
    assert (code, error.count("\n")) == (2, 1) and "no conversation to train on among 1 samples" in error
