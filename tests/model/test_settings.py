import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hornbook.base.errors import HornbookError
from hornbook.model.build import build_model
from hornbook.model.settings import ModelSettings, flops_per_token, parameters

PHI_4 = ModelSettings(layers=40, hidden=5120, heads=40, kv_heads=10, mlp=17920)


def test_phi_4_has_14_66_billion_parameters() -> None:
    assert round(parameters(PHI_4, 100_352) / 1e9, 2) == 14.66


@settings(max_examples=15, deadline=None)
@given(
    layers=st.integers(1, 3),
    head_size=st.sampled_from([2, 4, 8]),
    kv_heads=st.integers(1, 3),
    groups=st.integers(1, 3),
    mlp=st.integers(1, 40),
    tied=st.booleans(),
)
def test_the_formula_counts_the_real_model(
    tokenizer, layers: int, head_size: int, kv_heads: int, groups: int, mlp: int, tied: bool
) -> None:
    heads = kv_heads * groups
    shape = ModelSettings(
        layers=layers, hidden=heads * head_size, heads=heads, kv_heads=kv_heads, mlp=mlp, tied_embeddings=tied
    )
    model = build_model(shape, tokenizer, context=32, seed=0)
    assert sum(weight.numel() for weight in model.parameters()) == parameters(shape, len(tokenizer))


def test_training_flops_are_six_per_parameter_and_a_little_attention() -> None:
    without_lookup = parameters(PHI_4, 100_352) - 100_352 * 5120
    assert 6 * without_lookup < flops_per_token(PHI_4, 100_352, 4096) < 6.5 * without_lookup


def test_a_shape_that_does_not_fit_is_one_clear_line() -> None:
    with pytest.raises(HornbookError, match=r"model: .*hidden \(130\).*heads \(4\)"):
        ModelSettings.parse({"hidden": 130}, "model")
