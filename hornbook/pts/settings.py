"""What to search, how finely, and how to sample."""

from pathlib import Path
from typing import Any, Literal

from hornbook.base.settings import digest, setting
from hornbook.data.readers.columns import ColumnSettings
from hornbook.inference.settings import BackendSettings, Sampling
from hornbook.oracles.settings import OracleSettings


class PtsSettings(ColumnSettings):
    """Pivotal token search (report §4.3)."""

    search: Literal["adaptive", "subdivide"] = setting(
        "adaptive", "how a solution is searched; subdivide is the report's figure 4 to the letter"
    )
    unit: Literal["token", "sentence"] = setting("token", "what is asked about: single tokens or whole sentences")
    p_gap: float = setting(0.2, "least change of p(success) that makes a token pivotal", gt=0, le=1)
    error_rate: float = setting(
        0.1, "adaptive: share of the reported pivots that may move p(success) by less than p_gap", gt=0, lt=1
    )
    proof: bool = setting(
        False, "adaptive: report those alone whose confidence sequence, at the error rate, lies beyond p_gap"
    )
    give_up: float = setting(0.02, "adaptive: a token less likely than this to be pivotal is let go", gt=0, lt=1)
    max_rollouts: int = setting(64, "adaptive: most rollouts that decide about one token", ge=1)
    question_tokens: int | None = setting(
        None,
        "adaptive: tokens sampled for each question searched, after its screening, where they decide most over all "
        "questions; by default as many as six solutions have; 0 for no limit, which finds most and costs most",
        ge=0,
    )
    max_tokens: int = setting(
        0, "adaptive: sample no more tokens than about this many, screening included; 0 for no limit", ge=0
    )
    p_low: float = setting(0.2, "questions whose p(success) turns out smaller give no pairs", ge=0, le=1)
    p_high: float = setting(0.8, "questions whose p(success) turns out larger give no pairs", ge=0, le=1)
    max_questions: int = setting(200, "questions screened; a seeded choice when there are more", ge=1)
    screening: int = setting(
        4, "rollouts of each question; it is searched if their verdicts differ, and its solutions come from them", ge=1
    )
    rollouts: int = setting(32, "subdivide: rollouts behind each estimate of p(success)", ge=1)
    confirm: int = setting(
        0, "most fresh rollouts a side that confirm each pivot once more, fewer where they decide; 0 for none", ge=0
    )
    solutions_per_question: int = setting(
        4, "most solutions searched per question, successes and failures by turns", ge=1
    )
    oracle: str = setting(
        "",
        "what judges: number, math, choice, exact, fuzzy, code, reasoning-gym, trivia, judge, or your own function as "
        "file.py:function; empty takes what each question names or what fits its answer",
    )
    oracles: OracleSettings = setting(
        help="limits of the oracles, and the model that judges", default_factory=OracleSettings
    )
    export: Literal["", "trl", "trl-text", "jsonl", "advantages", "sentences"] = setting(
        "",
        "write as JSON lines too: pairs as TRL reads them (ids or text), pivots, advantages of tokens, sentences",
    )
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
    stop: list[str] = setting([], "texts at which a solution ends, besides the model's own end token", whole_texts=True)
    batch_size: int = setting(256, "rollouts computed together", ge=1)
    engine: BackendSettings = setting(help="what computes the model, and where", default_factory=BackendSettings)

    def identity(self) -> dict[str, Any]:
        """As of all settings; a function of the user's that judges counts with its source."""
        source = Path(self.oracle.rpartition(":")[0])
        return super().identity() | ({"source": digest(source.read_text())} if source.is_file() else {})

    def sampling(self) -> Sampling:
        return Sampling(**{name: getattr(self, name) for name in Sampling.model_fields})
