"""What a stage will cost, from its settings alone: tokens, arithmetic and teacher calls."""

from dataclasses import dataclass, replace
from typing import Any

from hornbook.mixture.settings import MixtureSettings
from hornbook.model.settings import ModelSettings, flops_per_token, parameters
from hornbook.recipe.recipe import Recipe, Stage
from hornbook.synthetic.settings import SynthSettings
from hornbook.teacher.settings import TeacherSettings
from hornbook.tokenizer.settings import TokenizerSettings
from hornbook.training.settings import DpoSettings, LoopSettings, PretrainSettings, RowsSettings, SftSettings
from hornbook.tuning.settings import AblationSettings, TuneSettings

CL100K_PADDED = 100_352


@dataclass(frozen=True)
class Estimate:
    """Costs of one stage. `tokens` are trained on, `calls` are to the teacher and `price` is what they cost; None where
    the settings do not say."""

    tokens: int | None = None
    parameters: int | None = None
    flops: float | None = None
    calls: int | None = None
    price: float | None = None


def estimate(recipe: Recipe, stage: Stage) -> Estimate:
    """The estimate for one stage of a recipe; what the recipe's `expect` says of the stage comes first."""
    settings = stage.settings
    if isinstance(settings, MixtureSettings):
        found = Estimate(tokens=settings.tokens)
    elif isinstance(settings, TuneSettings | AblationSettings):
        found = _search(recipe, stage, settings)
    elif isinstance(settings, LoopSettings):
        found = _training(recipe, stage)
    else:
        found = Estimate(calls=_calls(stage))
    return _priced(stage, found)


def _training(recipe: Recipe, stage: Stage) -> Estimate:
    tokens = int(stage.expect.get("tokens", 0)) or _mixture_tokens(recipe, stage)
    shape, vocab = model_shape(recipe, stage)
    if shape is None or vocab is None:
        return Estimate(tokens=tokens)
    each = flops_per_token(shape, vocab, context_of(recipe, stage))
    return Estimate(
        tokens=tokens,
        parameters=parameters(shape, vocab),
        flops=float(each) * tokens if tokens else None,
    )


def _search(recipe: Recipe, stage: Stage, settings: TuneSettings | AblationSettings) -> Estimate:
    """All the short runs of a search; parameters are those of its largest model."""
    tokens, tokenizer = settings.expected_tokens(), stage.inputs["tokenizer"][0]
    vocab = _vocabulary(recipe.stage(tokenizer).settings) if _is_stage(recipe, tokenizer) else None
    shapes = [settings.model] if isinstance(settings, TuneSettings) else list(settings.models.values())
    if vocab is None:
        return Estimate(tokens=tokens)
    each = [flops_per_token(shape, vocab, context_of(recipe, stage)) for shape in shapes]
    return Estimate(
        tokens=tokens,
        parameters=max(parameters(shape, vocab) for shape in shapes),
        flops=sum(each) / len(shapes) * tokens,
    )


def _mixture_tokens(recipe: Recipe, stage: Stage) -> int | None:
    sources = stage.inputs.get("tokens", [])
    settings = recipe.stage(sources[0]).settings if sources and _is_stage(recipe, sources[0]) else None
    return settings.tokens if isinstance(settings, MixtureSettings) else None


def model_shape(recipe: Recipe, stage: Stage) -> tuple[ModelSettings | None, int | None]:
    """Shape and vocabulary of the model that a stage trains, followed back to its pretraining; None if unknown."""
    while not isinstance(stage.settings, PretrainSettings):
        sources = stage.inputs.get("model", [])
        if not sources or not _is_stage(recipe, sources[0]):
            return None, None
        stage = recipe.stage(sources[0])
    tokenizer = stage.inputs["tokenizer"][0]
    vocab = _vocabulary(recipe.stage(tokenizer).settings) if _is_stage(recipe, tokenizer) else None
    return stage.settings.model, vocab


def _vocabulary(settings: Any) -> int | None:
    if not isinstance(settings, TokenizerSettings):
        return None
    return CL100K_PADDED if settings.type == "cl100k" else settings.vocab_size if settings.type == "train" else None


def context_of(recipe: Recipe, stage: Stage) -> int:
    """The context in tokens that a stage trains at: its own mixture's, or that of the last one upstream."""
    tokens = stage.inputs.get("tokens", [])
    if tokens and _is_stage(recipe, tokens[0]):
        settings = recipe.stage(tokens[0]).settings
        if isinstance(settings, MixtureSettings):
            return settings.context
    model = stage.inputs.get("model", [])
    return context_of(recipe, recipe.stage(model[0])) if model and _is_stage(recipe, model[0]) else 0


def pass_tokens(settings: LoopSettings, context: int) -> int:
    """Tokens in one forward and backward pass of a training stage."""
    if isinstance(settings, DpoSettings):
        return settings.microbatch_tokens
    rows = settings.microbatch_rows if isinstance(settings, RowsSettings | SftSettings) else 1
    return rows * context


def _calls(stage: Stage) -> int | None:
    if "teacher_calls" in stage.expect:
        return int(stage.expect["teacher_calls"])
    if isinstance(stage.settings, SynthSettings):
        from hornbook.synthetic.catalogue import expected_calls

        return expected_calls(stage.settings)
    return None


def _priced(stage: Stage, found: Estimate) -> Estimate:
    teachers = teachers_of(stage.settings)
    if not teachers or not found.calls:
        return found
    tokens_in = stage.expect.get("prompt_tokens_per_call", 400)
    tokens_out = stage.expect.get("answer_tokens_per_call", 300)
    if any(each.prices is None for each in teachers):
        return found
    weighed = sum(each.weight * each.money(tokens_in, tokens_out) for each in teachers)
    return replace(found, price=found.calls * weighed / sum(each.weight for each in teachers))


def teachers_of(settings: Any) -> list[TeacherSettings]:
    """Those who share a stage's calls by their weights."""
    if isinstance(settings, SynthSettings):
        return settings.writers
    teacher = getattr(settings, "teacher", None)
    return [teacher] if teacher else []


def _is_stage(recipe: Recipe, name: str) -> bool:
    return any(stage.name == name for stage in recipe.stages)
