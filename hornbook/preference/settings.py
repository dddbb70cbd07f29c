"""Settings of the stages of this package."""

from typing import Literal

from hornbook.base.settings import setting
from hornbook.data.readers.columns import ColumnSettings
from hornbook.inference.settings import BackendSettings
from hornbook.oracles.settings import OracleSettings
from hornbook.teacher.settings import TeacherSettings

Style = Literal["plain", "chat"]
STYLE_HELP = "how the model is asked: plain (a base model) or chat (a fine-tuned one)"


class RefusalSettings(ColumnSettings):
    """Report §4.4 and appendix A.1."""

    style: Style = setting("plain", STYLE_HELP)
    samples: int = setting(8, "answers sampled per question, to estimate how often it is right", ge=1)
    temperature: float = setting(0.7, "sampling temperature of those answers", gt=0)
    max_new_tokens: int = setting(32, "longest answer, in tokens", ge=1)
    max_questions: int = setting(1000, "questions used; a seeded choice when there are more", ge=1)
    usually_right: float = setting(0.5, "from this share of right answers on, fine-tuning data answers", gt=0, le=1)
    usually_wrong: float = setting(0.5, "below this share of right answers, fine-tuning data refuses", gt=0, le=1)
    bogus_share: float = setting(
        0.2, "bogus questions for each real one; variants are made up where the questions bring fewer", ge=0, le=1
    )
    teacher: TeacherSettings | None = setting(
        None,
        "writes answers, refusals and bogus variants; without it (or where its text fails the check) built-in ones",
    )
    teacher_questions: int = setting(40, "questions the teacher is asked to write for (four calls each)", ge=0)
    engine: BackendSettings = setting(help="what computes the model, and where", default_factory=BackendSettings)


class RepliesSettings(ColumnSettings):
    """Several replies of a model to each question, checked by the question's oracle."""

    responses: int = setting(4, "replies sampled per prompt from the model and from each other model", ge=1)
    temperature: float = setting(0.8, "sampling temperature of the replies", gt=0)
    max_new_tokens: int = setting(160, "longest reply, in tokens; one that is cut off is never preferred", ge=1)
    oracles: OracleSettings = setting(
        help="limits of the oracles, and the model that answers for oracle judge", default_factory=OracleSettings
    )
    engine: BackendSettings = setting(help="what computes the model, and where", default_factory=BackendSettings)


class RejectionSamplingSettings(RepliesSettings):
    """Report §4.1: fine-tuning data from the model's own right solutions."""

    responses: int = setting(8, "replies sampled per question", ge=1)
    max_new_tokens: int = setting(256, "longest reply, in tokens; one that is cut off is never kept", ge=1)
    max_questions: int = setting(1000, "questions asked, evenly over the tasks; a seeded choice", ge=1)
    keep: int = setting(2, "right replies kept per question at most, the shortest first", ge=1)


class JudgedPairsSettings(RepliesSettings):
    """Report §4.2: judge-guided preference data."""

    prompts: int = setting(60, "prompts used; a seeded choice when there are more", ge=1)
    teacher_responses: int = setting(1, "replies per prompt that the teacher writes itself", ge=0)
    accuracy: Literal["oracle", "judge"] = setting(
        "oracle", "who says how accurate a reply is: the question's checkable answer, or the judge"
    )
    teacher: TeacherSettings | None = setting(
        None, "the judge; without it replies are paired by the accuracy that the oracle finds, and by nothing else"
    )
    judge_calls: int = setting(150, "replies judged at most; prompts that no longer fit are not judged", ge=0)
    pairs_per_prompt: int = setting(2, "pairs of each kind that one prompt gives at most", ge=1)


class PairsSettings(ColumnSettings):
    """Samples with a worse last turn as pairs."""

    first_tokens: int = setting(
        0, "a pair holds the first so many tokens of each reply; 0 for whole replies (refusals learn from 5)", ge=0
    )
