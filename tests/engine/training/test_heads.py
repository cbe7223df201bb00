"""Projection heads: shapes, norms, and that the same shape comes back from its config."""

from __future__ import annotations

import json

import pytest
import torch

from engine.errors import UsageError
from engine.nets.heads import Projection, parameters_of
from engine.training.seeds import seeded


@pytest.mark.parametrize("settings", [{}, {"hidden": (7,)}, {"hidden": (7, 5), "dropout": 0.2, "residual": True},
                                      {"hidden": [9], "input_dropout": 0.5}])
@pytest.mark.parametrize("in_dim", [6, 4])
def test_rows_have_unit_norm_and_the_config_makes_the_same_head(settings: dict, in_dim: int) -> None:
    with seeded(1):
        head, x = Projection(in_dim, 4, **settings).eval(), torch.randn(3, in_dim)
    out = head(x)
    assert out.shape == (3, 4)
    torch.testing.assert_close(out.norm(dim=1), torch.ones(3))
    torch.testing.assert_close(head(x), out)  # nothing is left to chance outside of training
    twin = Projection(**json.loads(json.dumps(head.config))).eval()
    twin.load_state_dict(head.state_dict(), strict=True)
    torch.testing.assert_close(twin(x), out)


def test_a_residual_head_with_a_silent_mlp_is_the_straight_way() -> None:
    head = Projection(4, 4, hidden=(8,), residual=True)
    with torch.no_grad():
        for parameter in head.mlp.parameters():
            parameter.zero_()
    x = torch.randn(3, 4)
    torch.testing.assert_close(head.raw(x), x)


def test_dropout_works_while_training() -> None:
    head, x = Projection(50, 4, hidden=(50,), dropout=0.5), torch.randn(3, 50)
    assert not torch.allclose(head(x), head(x))


def test_parameters_are_counted() -> None:
    assert parameters_of(Projection(3, 2)) == 3 * 2 + 2
    assert parameters_of(Projection(3, 2, hidden=(4,), residual=True)) == 3 * 4 + 4 + 4 * 2 + 2 + 3 * 2


def test_heads_that_make_no_sense_are_refused() -> None:
    for make in (lambda: Projection(0, 3), lambda: Projection(3, 3, hidden=(0,)), lambda: Projection(3, 3, residual=True)):
        with pytest.raises(UsageError):
            make()
