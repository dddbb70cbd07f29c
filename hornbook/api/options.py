"""The settings of the stages as keyword arguments, so that editors and type checkers know them.

Written by `python -m tests.api.write_options`; what each one means is said in the settings classes and in `--help`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict


class ColumnOptions(TypedDict, total=False):
    columns: Sequence[str]


class ExtractOptions(ColumnOptions, total=False):
    prose_source: str
    seconds: float
    memory_mb: int
    workers: int


class DecontaminateOptions(ColumnOptions, total=False):
    against: Sequence[str]
    info_threshold: float
    contamination_threshold: float
    drop_partial: bool
    boilerplate: int
    common_share: float
    common_documents: int
    allow_file: str


class CurateOptions(DecontaminateOptions, total=False):
    packages: Sequence[str]
    package_chars: int
    wikipedia: Sequence[str]
    prose_source: str
    min_chars: int
    max_chars: int
    page_chars: int
    languages: Sequence[str]
    min_language_score: float | Mapping[str, float]
    rules: Sequence[Literal["gopher", "c4", "fineweb"]]
    licences: Sequence[str]
    mask: Sequence[Literal["email", "ip", "local_ip", "phone", "key"]]
    near_duplicate: float
    min_quality: float
    classifier: str
    keep_share: float
    keep_share_others: float
    thresholds: str
    repeated_lines: int
    put_back: Sequence[str]
    workers: int
    runner: Literal["local", "ray"]


class QuestionOptions(ColumnOptions, total=False):
    pass


class ClassifierOptions(ColumnOptions, total=False):
    penalty: float


class ImportOptions(TypedDict, total=False):
    gguf: str


class QuestionSetOptions(TypedDict, total=False):
    search: int
    heldout: int
    test: int
    against: Sequence[str]
    instruction: str


class TaskOptions(TypedDict, total=False):
    samples: int
    config: Mapping[str, Any]


class ReasoningOptions(QuestionSetOptions, total=False):
    tasks: Mapping[str, TaskOptions]
    oracle: Literal["reasoning-gym", "number"]


class ModuleOptions(TypedDict, total=False):
    train: int
    difficulty: tuple


class MathematicsOptions(QuestionSetOptions, total=False):
    modules: Mapping[str, ModuleOptions]


class TriviaOptions(TypedDict, total=False):
    kinds: Sequence[Literal["city_country", "city_continent", "country_code", "http_status", "error_name"]]
    facts: int
    repeats: Sequence[int]
    heldout_share: float
    source: str
    bogus_share: float
    page: int


class TeacherOptions(TypedDict, total=False):
    url: str
    model: str
    local: str
    engine: Literal["torch", "vllm"]
    files: str
    wait: bool
    recorded: str
    api: Literal["chat", "completions"]
    weight: float
    context: int
    threads: int
    cache_gb: float
    batch: bool
    api_key_env: str
    concurrency: int
    headers: Mapping[str, str]
    extra_body: Mapping[str, Any]
    thinking_tokens: int
    keep_thinking: bool
    timeout: float
    retries: int
    backoff: float
    price_in: float | None
    price_out: float | None
    budget: float | None
    budget_tokens: int | None


class PassageOptions(TypedDict, total=False):
    tokens: tuple
    prose: bool
    min_value: float
    curation: Literal["off", "program", "teacher"]
    min_page_grade: int
    min_grade: int
    per_page: int
    seeds: int | None


class DiversityOptions(TypedDict, total=False):
    max_near_duplicates: float
    min_distinct: float
    max_compression: float
    min_last_part: float
    stop_at: float | None


class SynthOptions(DecontaminateOptions, total=False):
    teacher: TeacherOptions | None
    teachers: Sequence[TeacherOptions]
    verifier: TeacherOptions | None
    kinds: Mapping[str, Mapping[str, Any]] | Sequence[str]
    profile: Literal["full", "small"]
    records: int | None
    tries: float | None
    per_seed: int | None
    runner: Literal["local", "ray"]
    passages: PassageOptions
    diversity: DiversityOptions
    near_duplicate: float


class LabelOptions(ColumnOptions, total=False):
    teacher: TeacherOptions | None
    teachers: Sequence[TeacherOptions]
    sample: int
    shown: int
    clear: float


class AuditOptions(TypedDict, total=False):
    teacher: TeacherOptions | None
    verifier: TeacherOptions | None
    sample: int


class TokenizerOptions(ColumnOptions, total=False):
    type: str
    vocab_size: int
    digits_per_token: int
    train_characters: int


class MixtureOptions(ColumnOptions, total=False):
    tokens: int
    context: int
    shares: Mapping[str, float]
    conversations: Literal["plain", "chat", "both"]
    validation_share: float
    long_share: float
    long_made_of: Literal["documents", "joined"]
    long_over: Mapping[str, float]
    long_upweight_from: float
    declared_unique_tokens: Mapping[str, float]


class TrackerOptions(TypedDict, total=False):
    wandb: str
    tensorboard: str


class LoopOptions(TypedDict, total=False):
    learning_rate: float
    warmup_share: float
    weight_decay: float
    beta2: float
    clip: float
    dtype: Literal["auto", "float32", "bfloat16"]
    device: str
    sharding: Literal["none", "fsdp"]
    compile: bool
    activation_checkpointing: bool
    checkpoint_every: int
    keep_checkpoints: int
    threads: int
    trackers: TrackerOptions


class RowsOptions(LoopOptions, total=False):
    batch_rows: int
    microbatch_rows: int
    evaluate_every: int


class ModelOptions(TypedDict, total=False):
    layers: int
    hidden: int
    heads: int
    kv_heads: int
    mlp: int
    rope_base: float
    tied_embeddings: bool


class PretrainOptions(RowsOptions, total=False):
    model: ModelOptions


class RecallOptions(TypedDict, total=False):
    documents: int
    lines: int


class MidtrainOptions(RowsOptions, total=False):
    rope_base: float | None
    recall_trials: int


class LoraOptions(TypedDict, total=False):
    rank: int
    alpha: float
    targets: Sequence[str]


class SftOptions(ColumnOptions, LoopOptions, total=False):
    batch_rows: int
    microbatch_rows: int
    epochs: int
    template: Literal["own", "chatml"]
    append_end: bool
    too_long: Literal["set-aside", "cut"]
    lora: LoraOptions
    maximum: Mapping[str, int]
    repeats: Mapping[str, int]


class DpoOptions(ColumnOptions, LoopOptions, total=False):
    batch_pairs: int
    microbatch_tokens: int
    epochs: int
    beta: float
    label_smoothing: float
    length_normalise: bool
    lora: LoraOptions
    too_long: Literal["set-aside", "cut"]
    refusal_share: float | None
    maximum: Mapping[str, int]


class OracleOptions(TypedDict, total=False):
    seconds: float
    memory_mb: int
    similarity: float
    teacher: TeacherOptions | None


class BackendOptions(TypedDict, total=False):
    backend: Literal["torch", "vllm", "server"]
    dtype: Literal["auto", "float32", "bfloat16"]
    device: str
    url: str
    served_model: str
    api_key_env: str
    concurrency: int
    timeout: float
    retries: int
    backoff: float
    cache_gb: float


class PtsOptions(ColumnOptions, total=False):
    search: Literal["adaptive", "subdivide"]
    unit: Literal["token", "sentence"]
    p_gap: float
    error_rate: float
    proof: bool
    give_up: float
    max_rollouts: int
    question_tokens: int | None
    max_tokens: int
    p_low: float
    p_high: float
    max_questions: int
    screening: int
    rollouts: int
    confirm: int
    solutions_per_question: int
    oracle: str
    oracles: OracleOptions
    export: Literal["", "trl", "trl-text", "jsonl", "advantages", "sentences"]
    prompt: Literal["auto", "chat", "plain"]
    system: str
    temperature: float
    top_p: float
    top_k: int
    min_p: float
    max_new_tokens: int
    stop: Sequence[str]
    batch_size: int
    engine: BackendOptions


class RefusalOptions(ColumnOptions, total=False):
    style: Literal["plain", "chat"]
    samples: int
    temperature: float
    max_new_tokens: int
    max_questions: int
    usually_right: float
    usually_wrong: float
    bogus_share: float
    teacher: TeacherOptions | None
    teacher_questions: int
    engine: BackendOptions


class RepliesOptions(ColumnOptions, total=False):
    responses: int
    temperature: float
    max_new_tokens: int
    oracles: OracleOptions
    engine: BackendOptions


class RejectionSamplingOptions(RepliesOptions, total=False):
    max_questions: int
    keep: int


class JudgedPairsOptions(RepliesOptions, total=False):
    prompts: int
    teacher_responses: int
    accuracy: Literal["oracle", "judge"]
    teacher: TeacherOptions | None
    judge_calls: int
    pairs_per_prompt: int


class PairsOptions(ColumnOptions, total=False):
    first_tokens: int


class EvaluationOptions(ColumnOptions, total=False):
    style: Literal["plain", "chat"]
    split: Literal["heldout", "test"]
    samples: int
    temperature: float
    max_new_tokens: int
    max_questions: int
    max_trivia: int
    oracles: OracleOptions
    tasks: Sequence[str]
    num_fewshot: int | None
    limit: int
    benchmarks: Sequence[str]
    max_items: int
    normalise: Literal["character", "token", "none"]
    resamples: int
    questions_seed: int
    engine: BackendOptions


class TuneOptions(TypedDict, total=False):
    horizons: Sequence[int]
    target: int | None
    rates: Sequence[float]
    batch_rows: Sequence[int]
    seeds: int
    extensions: int
    warmups: Sequence[int]
    doublings: int
    instability: float
    margin: float
    model: ModelOptions
    training: RowsOptions


class AblationOptions(TypedDict, total=False):
    horizons: Sequence[int]
    presets: Sequence[str]
    allocations: Mapping[str, Mapping[str, float]]
    baseline: str
    seeds: int
    models: Mapping[str, ModelOptions]
    training: RowsOptions
    evaluation: EvaluationOptions
