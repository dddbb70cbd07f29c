"""Small tokenizers of both kinds, byte-level and SentencePiece, with the tokens and the chat template of a test."""

from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

TEXTS = [
    "Hello world, how are you? What is 2 + 2? The answer is 4. user assistant system think model INST tool",
    "The weather in Paris. Be short. ASSISTANT: USER: \n\n",
] * 40


def byte_level(template: Any, special: list[str], *, adds_bos: bool = False, **names: str) -> PreTrainedTokenizerFast:
    """A tokenizer as Llama 3's and Qwen's are; `names` are bos_token, eos_token."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    return _finished(made, template, special, pre_tokenizers.ByteLevel.alphabet(), [], adds_bos, names)


def sentencepiece(
    template: Any, special: list[str], *, style: str = "first", adds_bos: bool = False, **names: str
) -> PreTrainedTokenizerFast:
    """A tokenizer as Llama 2's and Mistral's are; `style` is legacy (a space before every piece), first, or always."""
    made = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>"))
    if style == "legacy":
        made.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    else:
        made.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=style, split=False)
    made.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    pieces = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256))]
    return _finished(made, template, special, [], pieces, adds_bos, names | {"unk_token": "<unk>"})


def _finished(
    made: Tokenizer,
    template: Any,
    special: list[str],
    alphabet: list[str],
    pieces: list[str],
    adds_bos: bool,
    names: Any,
) -> PreTrainedTokenizerFast:
    tokens = [AddedToken(name, special=True, normalized=False) for name in special]
    made.train_from_iterator(
        TEXTS,
        trainers.BpeTrainer(
            vocab_size=800, special_tokens=[*pieces, *tokens], initial_alphabet=alphabet, show_progress=False
        ),
    )
    if adds_bos:
        bos = names["bos_token"]
        made.post_processor = processors.TemplateProcessing(
            single=f"{bos} $A", special_tokens=[(bos, made.token_to_id(bos))]
        )
    return PreTrainedTokenizerFast(tokenizer_object=made, chat_template=template, **names)
