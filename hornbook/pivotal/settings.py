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
    temperature: float = setting(0.8, "sampling temperature of solutions and rollouts", ge=0)
    top_p: float = setting(
        1.0, "keep the likeliest tokens that together hold this probability; 1 keeps all", gt=0, le=1
    )
    top_k: int = setting(0, "keep this many of the likeliest tokens; 0 keeps all", ge=0)
    min_p: float = setting(0.0, "drop tokens below this fraction of the likeliest token's probability", ge=0, lt=1)
    max_new_tokens: int = setting(
        256, "longest solution in tokens; one that is not finished by then is a failure", ge=1
    )
    batch_size: int = setting(256, "rollouts computed together", ge=1)

    def sampling(self) -> Sampling:
        return Sampling(**{name: getattr(self, name) for name in Sampling.model_fields})
