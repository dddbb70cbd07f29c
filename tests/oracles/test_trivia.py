"""Correct, wrong or not attempted. Add a line for a reply that is graded wrongly."""

import pytest

from hornbook.base.records import Question
from hornbook.oracles.score import judged_outcome
from hornbook.preference.refusal_templates import BOGUS_REFUSALS, REFUSALS
from tests.oracles.judged import judged

REPLIES = [  # reference, reply, outcome
    ("Paris", "Answer: Paris", "correct"),
    ("Paris", "It is Paris, I think.", "correct"),
    ("東京", "答えは東京です。", "correct"),
    ("北京", "北京", "correct"),
    ("Zürich", "Zurich", "correct"),
    ("I Can't Get No Satisfaction", "It is I Can't Get No Satisfaction", "correct"),
    ("The Unknown Soldier", "It was not Paris but The Unknown Soldier", "correct"),
    ("4", "The answer is 14", "wrong"),
    ("3.5", "3.5 million", "correct"),
    ("C++", "C", "wrong"),
    ("Paris", "It is not Paris, it is Rome", "wrong"),
    ("Paris", "Paris, Rome, Berlin or Madrid", "wrong"),
    ("Paris", "I have no way of knowing that.", "not attempted"),
    ("Paris", "Sorry, I don't have access to that information.", "not attempted"),
    ("Paris", "Unfortunately the answer is unclear to me.", "not attempted"),
    ("Paris", "Ich weiß es nicht.", "not attempted"),
    ("Paris", "我不知道。", "not attempted"),
    ("Paris", "", "not attempted"),
    ("Paris", "Paris\n\nI am not sure about the rest of your question.", "correct"),
    ("no idea", "no idea", "correct"),
    ("Arthur", "King Arthur's sword, I recall, was Excalibur, given to Arthur", "correct"),
    ("1,000", "1000", "correct"),
    ("5 km", "5km", "correct"),
    ("twelve", "12", "correct"),
    ("Paris", "I'm not able to verify that.", "not attempted"),
    ("Paris", "As an AI, I don't have access to real-time data.", "not attempted"),
    ("Paris", "I'm sorry, but I cannot find any information about this.", "not attempted"),
    ("Paris", "Je ne sais pas.", "not attempted"),
    ("Paris", "Je ne connais pas la réponse.", "not attempted"),
    ("Paris", "No lo sé.", "not attempted"),
    ("Paris", "Não sei.", "not attempted"),
    ("Paris", "Non lo so.", "not attempted"),
    ("Paris", "Я не знаю.", "not attempted"),
    ("Paris", "わかりません。", "not attempted"),
    ("Paris", "모르겠습니다.", "not attempted"),
    ("Paris", "मुझे नहीं पता।", "not attempted"),
    ("Paris", "لا أعرف.", "not attempted"),
    ("Paris", "Das weiß ich leider nicht.", "not attempted"),
    ("Paris", "对不起，我无法回答这个问题。", "not attempted"),
    ("Paris", "I am unaware of any such event.", "not attempted"),
    ("Paris", "I am not aware of it; perhaps the name is different.", "not attempted"),
    ("Paris", "I don't know that place. Maybe you meant another one?", "not attempted"),
    ("Paris", "I'm not familiar with it. Perhaps it goes by another name.", "not attempted"),
    ("Paris", "I don't know, but perhaps there is a typo in your question.", "not attempted"),
    ("Paris", "I don't know, but perhaps the Hague.", "wrong"),
    ("Paris", "I am not sure. Maybe the name is Lyon, or perhaps Nice.", "wrong"),
    ("Paris", "There is no reliable information available on this.", "not attempted"),
    ("Paris", "Rome", "wrong"),
    ("Paris", "It is either Paris or Rome.", "wrong"),
    ("Paris", "The capital of France is Paris.", "correct"),
    ("Paris", "Not Rome but Paris.", "correct"),
    ("Paris", "I'm not 100% sure, but I believe it is Paris.", "correct"),
    ("Paris", "I'm not sure, but I think it is Rome.", "wrong"),
    ("Paris", "Paris is not the capital; Rome is.", "wrong"),
    ("Washington, D.C.", "It is Washington, D.C.", "correct"),
    ("J. R. R. Tolkien", "It was written by J.R.R. Tolkien.", "correct"),
    ("Beyoncé", "Beyonce", "correct"),
    ("7", "seven", "correct"),
    ("1969", "In 1969.", "correct"),
    ("July 20, 1969", "July 20, 1969", "correct"),
    ("Tom Hanks", "Hanks, Tom", "wrong"),
    ("Rock or Bust", "Rock or Bust", "correct"),
    ("Mozart", "Wolfgang Amadeus Mozart", "correct"),
    ("No", "No.", "correct"),
    ("C#", "C++", "wrong"),
    ("30%", "30%", "correct"),
    ("東京", "東京か大阪です", "wrong"),
    ("Paris", "Paris (not Rome)", "correct"),
    ("Paris", "The answer is Paris, not Rome.", "correct"),
    ("Paris", "I would guess Paris.", "correct"),
    ("Berlin", "It isn't Berlin.", "wrong"),
    ("Paris", "Parisian", "wrong"),
]


@pytest.mark.parametrize(("reference", "reply", "outcome"), REPLIES)
def test_a_reply_to_trivia(reference: str, reply: str, outcome: str) -> None:
    assert judged("trivia", reference, reply)[1] == outcome


@pytest.mark.parametrize("text", [*REFUSALS, *BOGUS_REFUSALS])
def test_our_own_refusals_are_no_attempts(text: str) -> None:
    for answer in ("Paris", ""):
        question = Question(id="q", task="t", prompt="?", answer=answer, oracle="trivia")
        assert judged_outcome(question, text) == "not attempted"
