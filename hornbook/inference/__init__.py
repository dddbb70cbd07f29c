"""Prompts (token ids) → sampled tokens with their log-probabilities: the engine under report §4.3 and §5.

`settings.Sampling` says how to sample, `rollouts` holds what goes in and comes out, `engine.TorchEngine` does it for
any Hugging Face causal language model whose layers are attention.
"""
