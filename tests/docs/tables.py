"""What the tests of the pages may change in a command, and which commands are parsed only. Extend these, nothing else.

A command that is not in PARSED is run. One that stands in PARSED and no longer in the pages fails a test.
"""

TINY = "--model.layers 2 --model.hidden 32 --model.heads 2 --model.kv-heads 1 --model.mlp 64"
SMALL = "{a: {layers: 1, hidden: 32, heads: 2, kv_heads: 1, mlp: 64}}"
ROWS = "--batch-rows 4 --microbatch-rows 2"

# (regular expression, what stands in its place): models, paths, sizes, and placeholders of the text
REPLACED = [
    # placeholders
    (r"\bsample-(?:\.\.\.|[0-9a-f]+)|\b(?:RECORD|ID)\b", "SAMPLE"),  # an id of a record that the fixture made
    (r"\bRECIPE\b", "recipes/small.yaml"),
    (r"\bRUN\b", "runs/small"),
    (r"\bMODEL\b", "my-model"),
    (r"\bFILE\b", "claims.json"),
    (r"benchmarks\.NAME", "benchmarks.judging"),
    (r"\[(--[a-z]+(?: [a-z|]+)?)\]", r"\1"),  # [--quick]
    (r"(--\w+ \w+)(?:\|\w+)+", r"\1"),  # --part a|b|c
    (r"^hornbook pts \.\.\.", "hornbook pts my-model/ --questions questions.jsonl --oracle number --out pivots"),
    # models
    (r"^hornbook chat runs/(?:pocket|small)(?: --stage sft)?", "hornbook chat sft"),  # its small recipe trains none
    (r"--teacher\.local smollm2 --records 4 --out", "--teacher.url TEACHER --teacher.model m --records 1 --out"),
    (r"--teacher\.local smollm2", "--teacher.local model.gguf"),
    # sizes
    (r"'\[100000, 200000\]'|'\[40000, 80000\]'|'\[20000, 60000\]'", "'[1600, 3200]'"),
    (r"'\[1, 4, 12\]' --doublings 5", "'[1, 2]' --doublings 1"),
    (r"--tokens 2500000 --context 256", "--tokens 4000 --context 64"),
    (r"--records 20|--records 4", "--records 1"),
    (r"^(hornbook synth (?!.*--records).*) --out", r"\1 --records 1 --out"),
    (r"^hornbook synth .*--teacher\.local .*", r"\g<0> --tries 1 --teacher.context 1280"),
    (r"--nproc-per-node 8", "--nproc-per-node 2"),
    (r"^.*\btrain pretrain\b.*", rf"\g<0> {TINY} {ROWS}"),
    (r"^.*\btrain midtrain\b.*", rf"\g<0> {ROWS} --recall-trials 2"),
    (r"^.*\btrain sft\b.*", rf"\g<0> {ROWS}"),
    (r"^hornbook tune .*", r"\g<0> --extensions 0 --seeds 1"),
    (r"^hornbook tune (?!.*--rates).*", rf"\g<0> --batch-rows '[4]' --warmups '[1, 2]' --doublings 1 {TINY}"),
    (r"^hornbook ablation .*", r"\g<0> --seeds 1"),
    (r"^hornbook ablation (?!.*--models).*", rf"\g<0> --training.batch-rows 4 --models '{SMALL}'"),
    (r"^hornbook pts .*", r"\g<0> --screening 16 --max-new-tokens 8"),
    (r"^hornbook eval .*", r"\g<0> --max-new-tokens 8 --max-items 8"),
    (r"^hornbook rejection-sampling .*", r"\g<0> --responses 32 --max-new-tokens 8"),
]

# beginning of a command as it stands on the page: why it is not run
PARSED = {
    "make demo": "half an hour, after an installation; its recipe is run here at small size",
    "hornbook run recipes/smollm2.yaml": "an hour and a half; tests/recipe runs it at small size",
    "make test": "the tests themselves",
    "make setup": "an installation; these tests run in what it made",
    "HORNBOOK_DTYPE=bfloat16 make test": "the tests themselves",
    "hornbook chat runs/pocket --page": "serves until it is ended; tests/chat",
    "hornbook serve": "serves until it is ended; tests/chat",
    "hornbook synth clean/ --teacher.url http://127.0.0.1:8000/v1": "a server; tests/chat asks it as a teacher",
    "hornbook synth docs/ --teacher.url http://gpu:8000/v1": "a server; tests/synthetic/test_preview.py",
    "hornbook synth my-docs/ --kinds '[debate.yaml]' --preview 1": "does not wait; tests/teacher/test_files_stage.py",
    "hornbook audit synthetic/": "a server; tests/synthetic/test_audit.py",
    "hornbook label my-docs/ --sample 2000 --teacher.url": "a server; tests/synthetic/test_labels.py",
    "hornbook classifier labels/": "2,000 labels; tests/data/test_classifier.py",
    "hornbook curate my-docs/ --classifier classifier/": "a classifier; tests/data/test_classifier.py",
    "make peers": "installs other projects from a package index",
    "pip install '.[local]'": "a package index",
    "pip install '.[data]'": "a package index",
    "hornbook train sft base/ --samples hub:": "a hub of data sets",
    "pip install '.[lora]'": "a package index",
    "pip install '.[ray]'": "a package index",
    "python examples/ray_train.py": "a cluster of GPUs",
    "hornbook eval my-model/ --tasks": "minutes, and packages of data; tests/evaluation/test_tasks.py",
    "hornbook eval --endpoint.url": "a server; tests/evaluation/test_chat_run.py asks a stub",
    "python -m benchmarks.power": "minutes; tests/evaluation/test_power.py",
    "python -m benchmarks.data": "minutes, and what `make peers` installs",
    "python -m benchmarks.evaluation": "a real model; tests/evaluation/test_tasks.py compares with lm-eval",
    "python -m benchmarks.synth": "what `make peers` installs",
    "python -m benchmarks.extract --quick": "what `make peers` installs, and Debian's packages",
    "python -m benchmarks.extract --part articles": "what `make peers` installs, and two repositories",
    "python -m benchmarks.training": "what `make peers` installs",
    "python -m benchmarks.NAME": "what `make peers` installs",
    "python -m benchmarks.judging --quick": "what `make peers` installs",
    "python -m benchmarks.judging_program": "minutes; tests/benchmarks runs its parts",
    "python -m benchmarks.pts --part": "minutes to hours; tests/benchmarks runs its parts",
    "python -m benchmarks.pts_dpo": "hours; tests/benchmarks runs its parts",
}

# beginning of a command as it stands on the page: it takes more than some ten seconds
SLOW = [
    "torchrun",
    "HORNBOOK_DTYPE=float32 hornbook run recipes/pocket.yaml",
    "hornbook run recipes/pocket.yaml --seed",
    "hornbook run recipes/experiments/kinds.yaml",
    "hornbook synth docs/ --teacher.local smollm2 --profile small --records 4",
]

# (page, first line) of blocks that are neither commands nor code: what they are
SHOWN = {
    ("README.md", "question    4 + 7 ="): "a pivot of a real search",
    ("README.md", "documents ──> data ──> synthetic ──> tokenizer, mixture"): "a diagram",
    ("docs/architecture.md", "documents ──> data ──> synthetic ──> tokenizer, mixture"): "a diagram",
    ("docs/scale.md", "seeds: 0.66 billion"): "what the code above it prints; test_scale_page.py compares them",
    ("docs/scale.md", "text: 18.7 TB in"): "what the code above it prints; test_scale_page.py compares them",
    ("docs/synthetic.md", "until hornbook synth clean/"): "a loop of two programs; tests/teacher/test_files_stage.py",
    ("docs/synthetic.md", '{"custom_id"'): "answers; tests/teacher/test_files.py",
    ("docs/tuning.md", "tokens  batch"): "output",
    ("docs/tuning.md", "allocation  acquired"): "output",
}

# (page, first line) of indented blocks that are code; test_snippets.py says how each is held to the program
CODE = {
    ("docs/architecture.md", "def sft("): "signature",
    ("docs/export.md", "model = AutoModelForCausalLM"): "python",
    ("docs/training.md", '{"id": "1", "messages"'): "chats",
}

# (page, what its code holds) of blocks of Python that are not run, and why
PARSED_CODE = {
    ("docs/chat.md", "from openai import"): "the package openai",
    ("docs/pts-export.md", "from trl import"): "TRL, which `make peers` installs",
    ("docs/smollm2.md", "runs/smollm2"): "what an hour and a half makes; tests/recipe makes it at small size",
}

# options in sentences that are another program's: whose
NOT_OPTIONS = {"--part": "benchmarks", "--quick": "benchmarks"}
