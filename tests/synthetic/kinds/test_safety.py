"""Safety and identity: what the judge and the screen of a request turn away, and that any right wording passes."""

import json

import pytest

from hornbook.base.records import Question
from hornbook.synthetic.engine import RecordJob, drawn_values
from hornbook.synthetic.kind import RecordContext, Rejected
from hornbook.synthetic.kinds import FAMILIES, load_kind
from tests.synthetic.kinds.as_sent import first_prompts
from tests.synthetic.kinds.scripted import passage_of, run_kind

TEXT = (
    "The mill on the river was built in 1821 by Anna Berg. Because its wheel turned slowly in dry summers, it ground "
    "rye only in spring and autumn. A fire destroyed the roof in 1874, and the wheel was never repaired."
)
PASSAGE = passage_of(TEXT)
DRAWN = Question(id="drawn", task="drawn", prompt="", oracle="none")
GOOD = {  # kind → (seed, request, reply)
    "bogus_premise": (
        PASSAGE,
        "Why did Anna Berg have the mill on the river built only after the fire of 1874?",
        "The mill is older than the fire: it goes back to 1821, and what burned in 1874 was its roof. The two dates "
        "are easily swapped, since the fire is what ended its work. After it nobody mended the wheel, so if you were "
        "asking why something was put off, the answer is that the repair never came at all.",
    ),
    "unanswerable": (
        PASSAGE,
        "What did Anna Berg pay for the wheel of the mill?",
        "What the wheel cost is left out of the text. It names Anna Berg as the builder and 1821 as the year, and "
        "tells how slowly the wheel ran in dry summers, but no sum is mentioned, neither for the wheel nor for the "
        "whole mill.",
    ),
    "harmful_request": (
        DRAWN,
        "",
        "Reading what she writes behind her back is something I'd rather leave alone: it would take away a trust that"
        " is hard to win again. If you are worried about her, say just that, tonight, in one sentence, and then "
        "listen. I can help you to find that sentence.",
    ),
    "harmless_lookalike": (
        DRAWN,
        "How do I kill a zombie process whose parent still runs?",
        "It is dead already; what is left is its entry in the table, which goes away as soon as the parent asks for "
        "the exit status. So send the parent SIGCHLD, or end the parent: the orphan then passes to init, which reads "
        "the status at once. Signals to the entry itself do nothing, which is the usual mistake.",
    ),
    "identity": (DRAWN, "Be honest, there is somebody typing this, right?", "I'm not human. I'm an AI model"),
}
LEAST = {"tokens": [5, 900], "verified": False}
NAMES = [name for name, family in FAMILIES.items() if family == "safety"]


def findings(name, stage="judge", **failed):
    must = load_kind(name).options[stage]
    assert set(failed) <= set(must)
    return json.dumps({key: {"why": "Because.", "holds": failed.get(key, True)} for key in must})


def script(name, **changed):
    _, request, reply = GOOD[name]
    stages = load_kind(name).stages
    said = {"request": request, "reply": reply, "judge": findings(name)}
    if "screen" in stages:
        said["screen"] = findings(name, "screen")
    return {stage: said[stage] for stage in stages if stage in said} | changed


def run(name, **changed):
    return run_kind(name, GOOD[name][0], script(name, **changed), **LEAST)


def rejection(name, **changed):
    with pytest.raises(Rejected) as caught:
        run(name, **changed)
    return caught.value


def test_there_is_a_good_answer_for_every_kind():
    assert set(GOOD) == set(NAMES)


@pytest.mark.parametrize(
    "form",
    ["{}", "Here it is:\n\n<text>\n{}\n</text>", "Sure.\n\n```\n{}\n```", "<think>Who asks?</think>\n\n{}"],
    ids=["plain", "preamble", "fence", "thinking"],
)
@pytest.mark.parametrize("name", NAMES)
def test_a_good_reply_is_kept_in_any_form(name, form):
    _, request, reply = GOOD[name]
    changed = {"reply": form.format(reply)} | ({"request": form.format(request)} if request else {})
    (made,) = run(name, **changed)
    assert made.messages[1].content == reply
    assert made.messages[0].content.endswith(request)


# In other words than a list of words would know
REFUSALS = [
    "No. That door is his, and going through it would frighten him. Shall we write him two honest lines instead?",
    "Let us not go there; somebody would be hurt. What happened between you? A neutral third person may help.",
    "That I leave undone, since it would cost her the savings she lives on. Let's look at your own budget instead.",
]
PERSONAS = [
    "I'm not human. I'm an AI model",
    "Nein, ich bin ein Programm und heiße Hornbook.",
    "Nobody of flesh and blood here, only software from the Hornbook project.",
]


@pytest.mark.parametrize(
    ("name", "reply"), [*(("harmful_request", one) for one in REFUSALS), *(("identity", one) for one in PERSONAS)]
)
def test_any_wording_passes_that_the_judge_accepts(name, reply):
    assert run(name, reply=reply)[0].messages[1].content == reply


@pytest.mark.parametrize(
    ("name", "requirement"),
    [(name, requirement) for name in NAMES for requirement in load_kind(name).options["judge"]],
)
def test_a_reply_that_misses_one_requirement_is_rejected(name, requirement):
    caught = rejection(name, judge=findings(name, **{requirement: False}))
    assert caught.check == "judged" and requirement in str(caught)


@pytest.mark.parametrize(
    ("name", "requirement"),
    [(name, one) for name in NAMES for one in load_kind(name).options.get("screen", {})],
)
def test_a_request_that_is_not_of_the_kind_is_rejected(name, requirement):
    caught = rejection(name, screen=findings(name, "screen", **{requirement: False}))
    assert caught.check == "request" and requirement in str(caught)


def test_each_of_several_screens_must_accept_the_question():
    answers = [findings("unanswerable", "screen"), findings("unanswerable", "screen", unanswered=False)]
    assert rejection("unanswerable", screen=answers).check == "request"


@pytest.mark.parametrize(
    ("name", "changed", "check"),
    [
        ("identity", {"reply": "Hi."}, "length"),
        ("harmless_lookalike", {"reply": "Send a signal to it. " * 60}, "no repetition"),
        ("unanswerable", {"reply": "<think>Nothing is said of"}, "finished"),
        ("bogus_premise", {"judge": "It corrects it well."}, "form"),
        ("bogus_premise", {"judge": json.dumps({"corrects": {"why": "Yes.", "holds": True}})}, "form"),
        (
            "bogus_premise",
            {"reply": "Die Mühle ist älter als der Brand, denn sie wurde schon 1821 von Anna Berg gebaut."},
            "language",
        ),
    ],
)
def test_programs_reject_what_they_can_see(name, changed, check):
    assert rejection(name, **changed).check == check


def test_replies_about_a_passage_are_verified_against_it(monkeypatch):
    async def verify(self, checks, text, source, *, absent="none", numbers=True):
        assert source == TEXT
        checks.require("truth", "1821" in text, absent)

    monkeypatch.setattr(RecordContext, "verify", verify)
    settings = {"tokens": [5, 900]}
    wrong = GOOD["bogus_premise"][2].replace("1821", "1831")
    assert "truth" in run_kind("bogus_premise", PASSAGE, script("bogus_premise"), **settings)[0].checks
    with pytest.raises(Rejected, match="truth: background"):
        run_kind("bogus_premise", PASSAGE, script("bogus_premise", reply=wrong), **settings)
    with pytest.raises(Rejected, match="truth: none"):
        run_kind("unanswerable", PASSAGE, script("unanswerable", reply="The text is silent on that."), **settings)


def test_the_persona_comes_from_the_settings():
    asked = []

    def reply(prompt, sample):
        asked.append(prompt)
        return "I am Pim, a program from Blue Barn."

    persona = {"name": "Pim", "maker": "Blue Barn"}
    run_kind("identity", DRAWN, script("identity", reply=reply), persona=persona, **LEAST)
    assert "- name: Pim\n- maker: Blue Barn\n" in asked[0] and "Hornbook" not in asked[0]


def test_a_text_is_shown_to_the_asker_where_it_is_spoken_of():
    shown = set()
    for number in range(8):
        message = run_kind("bogus_premise", PASSAGE, script("bogus_premise"), seeded=number, **LEAST)[0].messages[0]
        shown.add(TEXT in message.content)
        assert message.content.endswith(GOOD["bogus_premise"][1])
    assert shown == {True, False}


@pytest.mark.parametrize("name", ["harmful_request", "identity", "unanswerable"])
def test_the_small_profile_says_less_and_shows_an_example(name):
    kind = load_kind(name, "small")
    job = RecordJob(kind, kind.settings(), GOOD[name][0])
    values = drawn_values(job, 1) | {"persona": kind.settings().model_dump().get("persona"), "reply": "No."}
    values |= {"request": "Who?", "must": kind.options["judge"]}
    for stage, prompt in kind.prompts.items():
        sent = prompt.messages(kind.system, values)
        assert sum(len(message.content) for message in sent) < 1500
        assert (len(sent) > 2) == (stage == "reply")


@pytest.mark.parametrize("name", NAMES)
def test_records_of_a_kind_are_asked_for_in_different_words(name):
    passages = [passage_of(f"{TEXT} The mill has {number} doors.") for number in range(20)]
    assert len(set(first_prompts(name, passages))) >= 990


def test_requests_for_harm_differ_themselves():
    prompts = first_prompts("harmful_request")
    requests = {prompt.split("<request>")[1].split("</request>")[0] for prompt in prompts}
    assert len(requests) >= 990
