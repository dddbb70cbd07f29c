"""phi-4's chat format: its special tokens and its template."""

from tokenizers import AddedToken
from transformers import PreTrainedTokenizerBase

from hornbook.tokenizer.token_spans import clear_caches

END_OF_TEXT, START, SEPARATOR, END = "<|endoftext|>", "<|im_start|>", "<|im_sep|>", "<|im_end|>"
SPECIAL_TOKENS = [END_OF_TEXT, START, SEPARATOR, END]

# the generation tags let transformers compute the assistant mask too
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '<|im_sep|>' }}"
    "{% if message['role'] == 'assistant' %}"
    "{% generation %}{{ message['content'] + '<|im_end|>' }}{% endgeneration %}"
    "{% else %}{{ message['content'] + '<|im_end|>' }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant<|im_sep|>' }}{% endif %}"
)


def give_chatml(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Set phi-4's chat template and add the tokens that it needs; returns the ids of the added ones."""
    known = tokenizer.get_vocab()
    missing = [name for name in (START, SEPARATOR, END) if name not in known]
    tokenizer.add_tokens([AddedToken(name, special=True, normalized=False) for name in missing], special_tokens=True)
    tokenizer.chat_template = CHAT_TEMPLATE
    clear_caches(tokenizer)
    return tokenizer.convert_tokens_to_ids(missing)
