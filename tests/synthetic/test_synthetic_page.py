"""docs/synthetic.md: its settings are settings, and its names are those of figures and files."""

import re
from pathlib import Path

import yaml

from hornbook.synthetic.settings import DiversitySettings, SynthSettings

PAGE = (Path(__file__).parents[2] / "docs/synthetic.md").read_text()


def test_the_settings_on_the_page_can_be_used(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = (Path(__file__).parents[2] / "docs/add-a-dataset.md").read_text()
    Path("mine.py").write_text(re.findall(r"```python\n(.*?)```", code, re.DOTALL)[0])
    found = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
    recipe, passages, teachers, teacher = found
    (stage,) = recipe.values()
    stage = {key: value for key, value in stage.items() if key not in ("kind", "documents")}
    settings = SynthSettings.parse(stage, "synthetic")
    assert settings.kinds["textbook"].records == 100 and settings.kinds["plurality"].records == 500
    assert SynthSettings.parse(stage | passages, "synthetic").passages.curation == "teacher"
    assert {writer.name for writer in SynthSettings.parse(teachers, "").writers} == {"large", "small"}
    assert SynthSettings.parse(teacher, "").teacher.extra_body == {"top_k": 20}


def test_limits_on_the_page_are_settings():
    sent = {"max_tokens", "max_completion_tokens"}  # of a request
    named = set(re.findall(r"`((?:min|max)_\w+)`", PAGE)) - sent
    assert named and named <= set(DiversitySettings.model_fields)
    assert "--diversity.stop-at" in PAGE and "stop_at" in DiversitySettings.model_fields
