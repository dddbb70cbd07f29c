"""Prompts (token ids) → sampled tokens with their log-probabilities: the engine for report §4.3 and §5.

`settings.Sampling` is the sampling distribution, `rollouts` the interface of all engines, `torch_engine.TorchEngine`
the one for Hugging Face causal language models.
"""
