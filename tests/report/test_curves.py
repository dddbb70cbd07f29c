"""Curves of the training stages, and what a longer context brought."""

from hornbook.report.curves import training_curves


def test_loss_by_position_says_where_it_fell_and_how_surely() -> None:
    near = {"from": 0, "to": 256, "documents": 30, "tokens": 7000, "before": 2.0, "after": 2.01}
    far = {"from": 256, "to": 512, "documents": 30, "tokens": 6000, "before": 2.4, "after": 1.9}
    rows = [
        {**near, "difference": 0.01, "low": -0.01, "high": 0.02},
        {**far, "difference": -0.5, "low": -0.6, "high": -0.4},
    ]
    notes = {"loss_by_position": {"before": rows, "compare": rows}}
    stages = [{"name": "midtrain", "notes": notes, "tokens": 1000, "seconds": 1.0}]
    (found,) = training_curves({"stages": stages})
    first, second = found["charts"]
    assert "from 256 to 512: -0.500 (-0.600 to -0.400)" in first["caption"] and "30 held-out" in first["caption"]
    assert "the model compared with" in second["caption"]
    assert first["svg"].count("<polyline") == 2
