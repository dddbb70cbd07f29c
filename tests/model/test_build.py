import torch

from hornbook.model.build import build_model, extend_context
from hornbook.model.settings import ModelSettings

TINY = ModelSettings(layers=2, hidden=16, heads=4, kv_heads=2, mlp=24)


def test_the_seed_alone_decides_the_weights(tokenizer) -> None:
    first = build_model(TINY, tokenizer, 32, seed=1).state_dict()
    torch.manual_seed(99)
    torch.rand(5)
    state = torch.get_rng_state()
    again = build_model(TINY, tokenizer, 32, seed=1).state_dict()
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(first[name], again[name]) for name in first)
    other = build_model(TINY, tokenizer, 32, seed=2).state_dict()
    assert not torch.equal(first["lm_head.weight"], other["lm_head.weight"])


def test_every_embedding_can_be_trained(tokenizer) -> None:
    model = build_model(TINY, tokenizer, 32, seed=1)
    ids = torch.arange(len(tokenizer))[None, :32]
    model(input_ids=ids, labels=ids).loss.backward()
    assert (model.get_input_embeddings().weight.grad[:31].abs().sum(1) > 0).all()


def test_a_longer_context_keeps_the_weights_and_changes_the_rotation(tokenizer) -> None:
    short = build_model(TINY, tokenizer, 32, seed=1)
    long = extend_context(short, 250_000.0, 128)
    assert all(torch.equal(weight, long.state_dict()[name]) for name, weight in short.state_dict().items())
    assert long.config.max_position_embeddings == 128
    assert long.config.rope_parameters["rope_theta"] == 250_000.0
    assert long.model.rotary_emb.inv_freq[-1] < short.model.rotary_emb.inv_freq[-1]
    ids = torch.arange(20)[None]
    assert not torch.allclose(short(ids).logits, long(ids).logits)
    same = extend_context(short, 10_000.0, 32)
    assert torch.equal(short.eval()(ids).logits, same.eval()(ids).logits)
