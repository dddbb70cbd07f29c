"""Preferences: a model, questions and a judge → pairs of replies, and refusals (report §4.1, §4.2, §4.4, appendix A.1).

`refusal.py` measures what a model knows and makes data that teaches it to decline the rest; `judged_pairs.py` grades
several replies per prompt and pairs the better with the worse; `rejection_sampling.py` keeps the model's own right
replies as fine-tuning data; `synthetic_pairs.py` uses the pairs of synthetic
samples. `generate.py` samples replies from a model, for evaluation too.
"""
