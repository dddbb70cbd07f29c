"""Questions of science: relevance, groundedness, difficulty, reasons, and claims with a verdict."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hornbook.synthetic.kind import Rejected
from hornbook.synthetic.kinds.science.hypothesis import contrary, has_contrary
from hornbook.synthetic.passages import Page
from tests.synthetic.kinds.scripted import passage_of, run_kind

GLACIER = (
    "A glacier is a body of ice that moves slowly under its own weight. Because the lower layers of the ice are under "
    "great pressure, a thin film of water forms at the bottom of the glacier. The glacier slides over this film "
    "by about "
    "20 metres in a year. Stones that are frozen into the ice scratch the rock below."
)


@pytest.fixture
def passage():
    return passage_of(GLACIER)


EXPLAINED = (
    "The lower layers of the ice are under great pressure, from the weight of the glacier itself. Therefore a "
    "thin film of "
    "water forms at the bottom of the glacier, and it slides."
)


def test_an_explanation_says_the_cause_the_effect_and_what_joins_them(passage):
    (made,) = run_kind("explanation", passage, {"explain": EXPLAINED})
    asked, answered = (message.content for message in made.messages)
    assert asked.startswith("A thin film of water forms at the bottom of the glacier.") and "pressure" not in asked
    assert answered == EXPLAINED


@pytest.mark.parametrize(
    ("text", "check"),
    [
        (
            "A thin film of water forms at the bottom of the glacier, and therefore the stones scratch the rock.",
            "cause",
        ),
        (
            "The lower layers of the ice are under great pressure, since the glacier has its own weight to bear.",
            "effect",
        ),
        (EXPLAINED.replace("Therefore a", "A"), "joined"),
        (f"{EXPLAINED} Emperors in marble palaces drank wine and sang of golden elephants and tigers.", "groundedness"),
        (EXPLAINED.replace("thin film", "film of 5 metres"), "numbers"),
    ],
)
def test_explanations_with_a_part_missing_are_rejected(passage, text, check):
    with pytest.raises(Rejected, match=check):
        run_kind("explanation", passage, {"explain": text})


DENIED = (
    "No. The film of water forms because the lower layers of the ice are under great pressure. Without that "
    "pressure it "
    "would no longer follow that a thin film of water forms at the bottom of the glacier."
)


def consistent(prompt, sample):
    return "No." if "were not so" in prompt else "Yes."


def test_a_counterfactual_takes_the_reason_away_and_claims_no_more(passage):
    (made,) = run_kind("counterfactual", passage, {"consistency": consistent, "answer": DENIED})
    assert (
        "Suppose it were not so that the lower layers of the ice are under great pressure." in made.messages[0].content
    )
    assert made.messages[1].content == DENIED


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"consistency": "Yes."}, "consistency: yes 1.00 with the condition, 1.00 without"),
        ({"consistency": "No."}, "consistency: yes 0.00"),
        ({"answer": DENIED.replace("No.", "Yes.")}, "denial"),
        ({"answer": f"{DENIED} A thin film of water forms at the bottom of the glacier."}, "ends by affirming"),
        (
            {"answer": "No. It would not follow, for emperors in marble palaces have no say in how things are."},
            "condition",
        ),
    ],
)
def test_counterfactuals_that_contradict_themselves_are_rejected(passage, changes, check):
    with pytest.raises(Rejected, match=check):
        run_kind("counterfactual", passage, {"consistency": consistent, "answer": DENIED} | changes)


RIVER = "The river Orne rises in the hills of Kals. Barley is grown on 300 farms along the river Orne."
OLD_TOWN = "The town of Merk is ruled by a council of elders. Its wooden gate is closed at night by two watchmen."
SAID_AGAIN = {
    "The river Orne rises in the hills of Kals.": "In the hills of Kals rises the river Orne.",
    "Barley is grown on 300 farms along the river Orne.": "Along the river Orne 300 farms grow barley.",
    "The town of Merk is ruled by a council of elders.": "A council of elders is what the town of Merk is ruled by.",
    "Its wooden gate is closed at night by two watchmen.": "Two watchmen have its wooden gate closed at night.",
}


def say_again(prompt, sample):
    return next(again for sentence, again in SAID_AGAIN.items() if sentence in prompt)


@pytest.fixture
def page():
    parts = [passage_of(RIVER), passage_of(OLD_TOWN)]
    return Page(id="page-1", text=f"{RIVER}\n\n{OLD_TOWN}", origin="test", passages=parts)


def test_claims_are_supported_contradicted_or_not_said_in_balance(page):
    verdicts: Counter[str] = Counter()
    for seeded in range(60):
        (made,) = run_kind("hypothesis", page, {"paraphrase": say_again}, seeded=seeded)
        question = made.question
        text, _, rest = question.prompt.partition("\n\nClaim: ")
        claim = rest.split("\n")[0]
        if question.answer == "contradicted":
            assert claim not in SAID_AGAIN.values()
        else:
            assert claim in SAID_AGAIN.values()
        if question.answer == "not said":
            assert "No sentence" in question.solution and ("Merk" in text or "gate" in text) != (
                "elders" in claim or "gate" in claim
            )
        else:
            assert any(f'"{sentence}"' in question.solution and sentence in text for sentence in SAID_AGAIN)
        verdicts[question.answer] += 1
    assert set(verdicts) == {"supported", "contradicted", "not said"} and min(verdicts.values()) >= 10


@pytest.mark.parametrize(
    ("paraphrase", "check"),
    [
        (lambda prompt, sample: prompt.split("\n")[0], "the very same"),
        ("Emperors in marble palaces are fond of wine and of song.", "same content"),
        (lambda prompt, sample: say_again(prompt, sample).replace("rises", "does not rise"), ""),
    ],
)
def test_paraphrases_that_say_something_else_are_rejected(page, paraphrase, check):
    hill = Page(id="p", text="", origin="o", passages=[passage_of(RIVER.split(". ")[0] + "."), passage_of(OLD_TOWN)])
    rejected = 0
    for seeded in range(12):
        try:
            run_kind("hypothesis", hill, {"paraphrase": paraphrase}, seeded=seeded)
        except Rejected as reason:
            rejected += check in str(reason)
    assert rejected >= 3


@pytest.mark.parametrize(
    ("claim", "wanted"),
    [
        ("There are 300 farms.", "There are 301 farms."),
        ("The gate is closed.", "The gate is not closed."),
        ("The gate is not closed.", "The gate is closed."),
    ],
)
def test_a_contrary_has_another_number_or_another_verb(claim, wanted):
    assert contrary(claim, "There are 300 farms.") == wanted


def test_what_stays_true_with_another_verb_has_no_contrary():
    assert has_contrary("The gate is closed when it rains.")
    assert not has_contrary("When the gate is closed, rain falls.")
    assert not has_contrary("The gate is only closed by night.")


@given(st.text(alphabet="ab is not 12.-", max_size=40))
def test_a_contrary_is_never_the_claim_itself(claim):
    if has_contrary(claim):
        assert contrary(claim, claim) != claim
