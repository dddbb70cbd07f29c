"""What the factory keeps of a strong teacher's answers: the recording in the package, replayed without a model.

What is not kept is nearly all wrong: the teacher made a mistake, and the verifier, which did not know, found it.
"""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from hornbook.base.files import read_records
from hornbook.base.records import Sample
from hornbook.base.token_estimate import estimate_tokens
from hornbook.teacher.recorded import SHIPPED
from tests.synthetic.strong.forms import FORMS, Message, recorded_calls, write_answers

ROOT = Path(__file__).parents[3]
SETTINGS = yaml.safe_load((SHIPPED / "strong" / "settings.yaml").read_text())["kinds"]
FEW = {kind: {"records": min(4, said["records"])} for kind, said in SETTINGS.items()}
WITH_DEFECTS = {kind: {"records": min(6, said["records"])} for kind, said in SETTINGS.items()}
DEFECTS = Path(__file__).with_name("defects.jsonl")
MISTAKES = {  # kind and check: what was set aside because the teacher had made a mistake, read again by hand
    ("code_explanation", "truth"): 1,  # a claim about empty slots that a call refutes
    ("constrained_writing", "truth"): 1,  # another reason than the passage's for the same conclusion
    ("explanation", "truth"): 1,  # check bits that could still be worked out one after another
    ("follow_up", "truth"): 1,  # odds worded the wrong way round
    ("harmless_lookalike", "judged"): 1,  # a knife held unsafely
    ("harmless_lookalike", "request"): 3,  # nothing in them sounds harmful, as was asked
    ("long_dialogue", "truth"): 1,  # a court in another paragraph than it stands in
    ("number_path", "truth"): 1,  # moves counted wrongly
    ("simplification", "truth"): 1,  # one motor for each car
    ("structured_reasoning", "truth"): 1,  # "another demand would be another price"
    ("textbook", "truth"): 2,  # which bits depend on which; which lamp counts
}
FAULTLESS = {
    ("glossary", "truth"): 1,  # 250 mm as the length of a forearm: doubtful, but a comparison
    ("summary", "length"): 1,  # of a passage of a few sentences
    ("summary", "truth"): 1,  # "the strongest objection" taken as a verdict on the others
    ("unanswerable", "numbers"): 1,  # the difference of two times that the passage gives
}
PROSE = ("textbook", "faq", "glossary", "explanation", "structured_reasoning", "simplification", "self_revision")
CONVERSATIONS = ("follow_up", "long_dialogue")


def synth(out: Path, *options: str) -> list[Sample]:
    """The records that `hornbook synth` keeps."""
    command = [sys.executable, "-m", "hornbook", "synth", *options, "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500, env={"PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stderr
    return read_records(out / "samples.parquet", Sample)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("strong") / "out"
    synth(out, "--teacher.recorded", "strong")
    return out


def text_of(sample: Sample) -> str:
    return sample.text or "\n".join(message.content for message in sample.messages)


def text_written(sample: Sample) -> str:
    return sample.text or "\n".join(message.content for message in sample.messages if message.role == "assistant")


def test_nineteen_of_twenty_good_answers_are_kept(corpus: Path) -> None:
    samples = read_records(corpus / "samples.parquet", Sample)
    rejected = Counter(read_line(line) for line in (corpus / "rejects.jsonl").read_text().splitlines())
    begun = sum(said["records"] for said in SETTINGS.values())
    assert rejected == Counter(MISTAKES) + Counter(FAULTLESS)
    assert len(samples) == begun - rejected.total() == 322
    assert {sample.kind for sample in samples} == SETTINGS.keys()
    assert len(samples) >= 0.95 * (begun - sum(MISTAKES.values()))


def read_line(line: str) -> tuple[str, str]:
    """The kind and the check of a record that was set aside."""
    kind, _, check = json.loads(line)["reason"].partition(":")[0].partition(", ")
    return kind, check


def test_texts_are_as_long_as_their_matter_needs(corpus: Path) -> None:
    samples = read_records(corpus / "samples.parquet", Sample)
    prose = [estimate_tokens(text_of(sample)) for sample in samples if sample.kind in PROSE]
    talks = [estimate_tokens(text_of(sample)) for sample in samples if sample.kind in CONVERSATIONS]
    assert sum(prose) / len(prose) >= 400 and sum(talks) / len(talks) >= 800


def test_each_record_says_what_it_is_made_of(corpus: Path) -> None:
    samples = read_records(corpus / "samples.parquet", Sample)
    assert all(sample.axes and sample.calls and sample.checks for sample in samples)
    assert all(sample.parents for sample in samples if sample.kind not in ("identity", "harmless_lookalike"))


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_answers_are_kept_in_each_form(form: Callable[[str], Message], corpus: Path, tmp_path: Path) -> None:
    """As servers and models give them: four of each kind, where the same records are kept as of the plain answers."""
    write_answers(tmp_path / "exchange", form)
    few = ["--teacher.recorded", "strong", "--kinds", json.dumps(FEW)]
    plain = synth(tmp_path / "plain", *few)
    found = synth(tmp_path / "out", *answered_from(tmp_path / "exchange"), "--kinds", json.dumps(FEW))
    assert [(one.kind, text_of(one)) for one in found] == [(one.kind, text_of(one)) for one in plain]


@pytest.mark.slow
@pytest.mark.parametrize("part", [0, 1])  # two answers of one record have their defects apart
def test_at_most_one_in_twenty_is_kept_with_a_defect(part: int, tmp_path: Path) -> None:
    """One wrong statement, step or number in each of these answers. Judges and verifier did not know that there is one.

    A defect may also be outvoted by other solutions, or revised away."""
    defects, later = read_defects(part)
    write_answers(tmp_path / "exchange", FORMS["plain"], {one["key"]: one["text"] for one in defects}, later)
    found = synth(tmp_path / "out", *answered_from(tmp_path / "exchange"), "--kinds", json.dumps(WITH_DEFECTS))
    made_of = {key: sample for sample in found for key in sample.calls}
    final = {one["key"]: text_of(made_of[one["key"]]) for one in defects if one["key"] in made_of}
    kept = [one for one in defects if any(wrong in final.get(one["key"], "") for wrong in one["wrong"])]
    assert len({one["kind"] for one in defects}) >= 13
    assert len(kept) <= 0.05 * len(defects), [(one["kind"], one["defect"]) for one in kept]


def test_the_plan_is_within_a_fifth_of_the_run(corpus: Path) -> None:
    from hornbook.synthetic.expected import of_run
    from hornbook.synthetic.settings import SynthSettings

    planned = of_run(SynthSettings.parse({"teacher": {"recorded": "strong"}}, ""))
    calls = list(recorded_calls())
    read, written = (sum(call[name] for call in calls) for name in ("prompt_tokens", "completion_tokens"))
    both = [sum(each) for each in zip(*planned[:2], strict=True)]
    for expected, done in zip(both, (len(calls), read, written), strict=True):
        assert done / 1.2 <= expected <= done * 1.2
    kept = sum(estimate_tokens(text_written(sample)) for sample in read_records(corpus / "samples.parquet", Sample))
    assert kept / 1.2 <= planned[2] <= kept * 1.2


def answered_from(folder: Path) -> list[str]:
    documents, questions = (str(SHIPPED / "strong" / name) for name in ("documents.jsonl", "questions.jsonl"))
    teacher = ["--teacher.files", str(folder), "--teacher.model", "strong", "--teacher.no-wait"]
    return [documents, "--questions", questions, "--against", "[]", "--tries", "1", *teacher]


def read_defects(part: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Answers with a defect, by the keys of their calls; and the calls that followed from any, with their answers."""
    lines = [json.loads(line) for line in DEFECTS.read_text().splitlines()]
    return [one for one in lines if one.get("part") == part], [one for one in lines if "part" not in one]


def test_a_name_of_no_recording_is_one_line_with_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"nothing: no such file or folder, and no recording .*it has strong"):
        synth(tmp_path / "out", "--teacher.recorded", "nothing")
