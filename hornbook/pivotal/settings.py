"""What to search, how finely, and how to sample."""

from typing import Literal

from hornbook.base.settings import Settings, setting
from hornbook.inference.settings import Sampling


class PtsSettings(Settings):
    """Pivotal token search (report §4.3)."""

    search: Literal["subdivide"] = setting(
        "subdivide", "how a solution is searched; subdivide is the report's figure 4"
    )
    p_gap: float = setting(0.2, "least change of p(success) that makes a token pivotal", gt=0, le=1)
    p_low: float = setting(0.2, "questions with a smaller p(success) are not searched", ge=0, le=1)
    p_high: float = setting(0.8, "questions with a larger p(success) are not searched", ge=0, le=1)
    max_questions: int = setting(200, "questions screened; a seeded choice when there are more", ge=1)
    screening: int = setting(16, "rollouts that decide whether p(success) of a question is in range", ge=1)
    rollouts: int = setting(32, "rollouts behind each estimate of p(success)", ge=1)
    confirm: int = setting(64, "fresh rollouts a side that confirm a pivot; 0 takes all pivots as found", ge=0)
    solutions_per_question: int = setting(1, "solutions searched per question, successes and failures by turns", ge=1)
    prompt: Literal["auto", "chat", "plain"] = setting(
        "auto", "how questions are put: chat (the tokenizer's template), plain (Question: ... Solution:), or what fits"
    )
    system: str = setting("", "system prompt, for chat models")
    sampling: Sampling = setting(help="the sampling distribution of solutions and rollouts", default_factory=Sampling)
    batch_size: int = setting(256, "rollouts computed together", ge=1)
