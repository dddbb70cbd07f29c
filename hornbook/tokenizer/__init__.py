"""Train tokenizers in Hugging Face's format, and encode conversations as token ids with a mask (report §3, §4.1).

`train.tokenizer` is the stage, `chat` turns conversations into token ids for all later stages.
"""
