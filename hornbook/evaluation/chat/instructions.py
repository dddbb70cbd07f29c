"""IFEval by lm-eval's checkers, and the questions of LiveBench whose answer is a text."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from unittest.mock import patch

from hornbook.base.packages import missing_package
from hornbook.base.records import Question
from hornbook.base.sentences import sentences
from hornbook.data.readers.fields import Row
from hornbook.evaluation.chat.items import ChatItem, ChatTask, Verdict, one_by_one
from hornbook.evaluation.judges import Judges
from hornbook.oracles.parse_question import parse_question

LONGEST_TRUTH = 200  # characters of an answer that a reply can state


def _ifeval_item(row: Row) -> ChatItem:
    names, given = list(row["instruction_id_list"]), list(row["kwargs"])
    if len(names) != len(given):
        raise ValueError(f"{len(names)} instructions with {len(given)} kwargs; expected one for each")
    rule = {"key": row["key"], "prompt": row["prompt"], "instruction_id_list": names, "kwargs": given}
    return ChatItem(prompt=row["prompt"], target=", ".join(names), reference=rule)


def _judge_ifeval(items: Sequence[ChatItem], replies: Sequence[str], _: Judges) -> list[Verdict]:
    verdicts = []
    with _checkers() as utils:
        for item, reply in zip(items, replies, strict=True):
            found = utils.process_results(item.reference, [reply])
            values = {name: float(found[name]) for name in ("prompt_level_strict_acc", "prompt_level_loose_acc")}
            for name in ("inst_level_strict_acc", "inst_level_loose_acc"):
                values[name] = sum(found[name]) / len(found[name])
            verdicts.append(Verdict(values))
    return verdicts


@contextmanager
def _checkers() -> Iterator[ModuleType]:
    """lm-eval's module of IFEval, without what it would download: where NLTK has no data here, sentences are found by
    our own rules, and words by NLTK's own ones within a text that is not divided first."""
    try:
        import nltk
    except ImportError:
        raise missing_package("evaluation: chat_ifeval", "nltk") from None
    with patch.object(nltk, "download", lambda *_, **__: False):
        try:
            from lm_eval.tasks.ifeval import instructions_util, utils
        except ImportError as error:  # lm-eval, or what its module needs: langdetect, immutabledict
            raise missing_package("evaluation: chat_ifeval", str(error.name)) from None
    try:
        nltk.data.find("tokenizers/punkt_tab")
        yield utils
    except LookupError:
        words = nltk.tokenize.NLTKWordTokenizer().tokenize
        with (
            patch.object(instructions_util, "count_sentences", lambda text: len(sentences(text))),
            patch.object(nltk, "word_tokenize", words),
        ):
            yield utils


def _livebench_item(row: Row) -> ChatItem:
    """Raises ValueError for a question of several turns, and one without a text as its answer (programs)."""
    turns, truth = row["turns"], row["ground_truth"]
    if len(turns) != 1 or not isinstance(truth, str) or not 0 < len(truth) <= LONGEST_TRUTH:
        raise ValueError("not a question with one turn and a short text as its answer")
    question = parse_question({"question": turns[0], "answer": truth}, "")
    return ChatItem(
        prompt=turns[0],
        target=truth,
        reference={"oracle": question.oracle, "category": row["category"], "task": row["task"]},
    )


def _judge_livebench(items: Sequence[ChatItem], replies: Sequence[str], judges: Judges) -> list[Verdict]:
    """By the oracle that fits the answer: LiveBench's own rules differ from task to task."""
    questions = [
        Question(id="", task="", prompt=item.prompt, answer=item.target, oracle=item.reference["oracle"])
        for item in items
    ]
    verdicts = []
    pairs = list(zip(questions, replies, strict=True))
    for item, judged in zip(items, judges.oracles.judge_many(pairs), strict=True):
        right, category = float(judged.right is True), item.reference["category"]
        values = {} if judged.failed else {"acc": right, f"acc_{category}": right}
        verdicts.append(Verdict(values, judged.extracted))
    return verdicts


IFEVAL = ChatTask(
    "chat_ifeval", ("key", "prompt", "instruction_id_list", "kwargs"), one_by_one(_ifeval_item), _judge_ifeval
)
LIVEBENCH = ChatTask(
    "chat_livebench",
    ("turns", "ground_truth", "category", "task"),
    one_by_one(_livebench_item),
    _judge_livebench,
)
