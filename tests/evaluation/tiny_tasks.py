"""Tasks of lm-eval with a few questions each, as YAML files beside their data."""

import json
from pathlib import Path
from typing import Any

import yaml

WORDS = ["red", "green", "blue", "white", "black", "brown", "a rose", "the sea", "snow", "coal", "grass", "earth"]
ACC = [{"metric": name, "aggregation": "mean", "higher_is_better": True} for name in ("acc", "acc_norm")]
CHOICE = {
    "output_type": "multiple_choice",
    "doc_to_text": "Question: {{question}}\nAnswer:",
    "doc_to_choice": "{{choices}}",
    "doc_to_target": "{{gold}}",
    "metric_list": ACC,
}
PASSAGE = {**CHOICE, "doc_to_text": "{{passage}}\nQuestion: {{question}}\nAnswer:"}
EXAMPLES = {"num_fewshot": 3, "fewshot_config": {"sampler": "first_n"}, "fewshot_split": "test"}
REPLY = {
    "output_type": "generate_until",
    "doc_to_text": "Question: {{question}}\nAnswer:",
    "doc_to_target": "{{choices[gold]}}",
    "generation_kwargs": {"until": ["\n", "e"], "do_sample": False, "max_gen_toks": 12},
    "metric_list": [{"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}],
}
LAST_WORD = {
    "output_type": "loglikelihood",
    "doc_to_text": "{{question}}",
    "doc_to_target": " {{choices[gold]}}",
    "metric_list": [
        {"metric": "perplexity", "aggregation": "perplexity", "higher_is_better": False},
        ACC[0],
    ],
}
TEXTS = {
    "output_type": "loglikelihood_rolling",
    "doc_to_text": "",
    "doc_to_target": "{{passage}}",
    "metric_list": [{"metric": "bits_per_byte", "aggregation": "bits_per_byte", "higher_is_better": False}],
}
TASKS = {
    "choice": CHOICE,
    "examples": CHOICE | EXAMPLES,
    "passage": PASSAGE,
    "reply": REPLY | EXAMPLES,
    "last_word": LAST_WORD,
    "texts": TEXTS,
}


def write_tasks(folder: Path, questions: int = 12, **changes: Any) -> dict[str, Path]:
    """Write every task, each with so many questions; returns their files by name."""
    rows = [
        {
            "question": f"What is like {WORDS[number % 12]} and {WORDS[(number * 5 + 3) % 12]}?",
            "choices": [WORDS[(number + step) % 12] for step in (1, 4, 7)],
            "gold": number % 3,
            "passage": f"Of {WORDS[number // 3 % 12]} much is said. " * 3,
        }
        for number in range(questions)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / "data.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    files = {}
    for name, task in TASKS.items():
        source = {"dataset_path": "json", "dataset_kwargs": {"data_files": {"test": str(data)}}, "test_split": "test"}
        files[name] = folder / f"{name}.yaml"
        files[name].write_text(yaml.safe_dump({"task": name, **source, **task, "metadata": {"version": 1}, **changes}))
    return files
