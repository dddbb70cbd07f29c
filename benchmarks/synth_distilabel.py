"""Distilabel's side of `benchmarks/synth.py`: two steps of text generation in a pipeline with its cache on."""

import json
from pathlib import Path
from typing import Any

from datasets import Dataset
from distilabel.models.llms import OpenAILLM
from distilabel.pipeline import Pipeline
from distilabel.steps.tasks import TextGeneration

from benchmarks.synth_work import MODEL, RETELL, TITLE, UNTITLED, run


def work(asked: dict[str, Any]) -> list[str]:
    def step(name: str, template: str, columns: list[str], tokens: int, makes: str) -> TextGeneration:
        fields = {column: f"{{{{ {column} }}}}" for column in columns}
        return TextGeneration(
            name=name,
            llm=OpenAILLM(
                model=MODEL,
                base_url=asked["url"],
                api_key="none",
                timeout=60,
                generation_kwargs={"max_new_tokens": tokens, "temperature": 0.7},
            ),
            template=template.format(**fields),
            columns=columns,
            input_batch_size=asked["concurrency"],  # a batch is asked all at once: this is its concurrency
            output_mappings={"generation": makes},
            add_raw_input=False,
            add_raw_output=False,
        )

    rows = [{"text": text} for text in json.loads(Path(asked["rows"]).read_text())]
    with Pipeline(name="retell", cache_dir=asked["folder"]) as pipeline:
        if asked["titled"]:
            title = step("title", TITLE, ["text"], asked["title_tokens"], "title")
            title >> step("retell", RETELL, ["text", "title"], asked["retell_tokens"], "retold")
        else:
            step("retell", UNTITLED, ["text"], asked["retell_tokens"], "retold")
    distiset = pipeline.run(dataset=Dataset.from_list(rows), dataset_batch_size=asked["concurrency"], use_cache=True)
    return [f"{row['text']}\n{row['retold']}" for row in distiset["default"]["train"]]


if __name__ == "__main__":
    run(work)
