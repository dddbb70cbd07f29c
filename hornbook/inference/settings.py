"""How to sample from a model."""

from hornbook.base.settings import Settings, setting


class Sampling(Settings):
    """The sampling distribution. Filters apply after the temperature, in the order top-k, top-p, min-p."""

    temperature: float = setting(1.0, "softmax temperature; 0 takes the likeliest token", ge=0)
    top_p: float = setting(
        1.0, "keep the likeliest tokens that together hold this probability; 1 keeps all", gt=0, le=1
    )
    top_k: int = setting(0, "keep this many of the likeliest tokens; 0 keeps all", ge=0)
    min_p: float = setting(0.0, "drop tokens below this fraction of the likeliest token's probability", ge=0, lt=1)
    max_new_tokens: int = setting(256, "longest completion, in tokens", ge=1)
    stop: list[str] = setting([], "texts on which a completion ends; the token that completes one is kept")
