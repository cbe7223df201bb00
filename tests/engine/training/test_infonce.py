"""Symmetric InfoNCE: by hand, against cross-entropy, and at the edges."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.errors import ShapeError
from engine.training.losses.infonce import SymmetricInfoNCE


def unit(rows: int, dim: int = 8, seed: int = 0) -> Tensor:
    return F.normalize(torch.randn(rows, dim, generator=torch.Generator().manual_seed(seed)), dim=1)


def test_two_pairs_by_hand() -> None:
    a, b = torch.eye(2), torch.eye(2)
    loss = SymmetricInfoNCE(temperature=0.5)(a, b)  # logits: 2 on the diagonal, 0 beside it
    assert loss.item() == pytest.approx(math.log(1 + math.exp(-2)), rel=1e-6)


def test_equals_cross_entropy_in_both_directions() -> None:
    a, b = unit(7, seed=1), unit(7, seed=2)
    logits = a @ b.T / 0.07
    expected = (F.cross_entropy(logits, torch.arange(7)) + F.cross_entropy(logits.T, torch.arange(7))) / 2
    torch.testing.assert_close(SymmetricInfoNCE()(a, b).detach(), expected)


def test_equals_pytorch_metric_learning() -> None:
    """NTXentLoss with the other view as reference is one direction of it."""
    losses = pytest.importorskip("pytorch_metric_learning.losses")
    a, b, labels = unit(6, seed=1), unit(6, seed=2), torch.arange(6)
    # labels are cloned because it leaves the diagonal out where both are the same object
    both = [losses.NTXentLoss(temperature=0.1)(x, labels, ref_emb=y, ref_labels=labels.clone()) for x, y in ((a, b), (b, a))]
    torch.testing.assert_close(SymmetricInfoNCE(0.1)(a, b).detach(), sum(both) / 2)


def test_several_positives_share_a_row() -> None:
    a, b = unit(3, seed=3), unit(4, seed=4)
    fits = torch.tensor([[1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]], dtype=torch.bool)  # sound 2 and caption 3 fit nothing
    logits = a @ b.T / 0.07
    rows, columns = F.log_softmax(logits, 1), F.log_softmax(logits, 0)
    there = -((rows[0, 0] + rows[0, 1]) / 2 + rows[1, 2]) / 2
    back = -(columns[0, 0] + columns[0, 1] + columns[1, 2]) / 3
    torch.testing.assert_close(SymmetricInfoNCE()(a, b, fits).detach(), (there + back) / 2)


def test_soft_targets_are_mixed_in() -> None:
    a, b = unit(5, seed=5), unit(5, seed=6)
    teacher = torch.rand(5, 5, generator=torch.Generator().manual_seed(0))
    loss = SymmetricInfoNCE()
    logits = a @ b.T / 0.07
    rows = 0.7 * torch.eye(5) + 0.3 * teacher / teacher.sum(1, keepdim=True)
    columns = 0.7 * torch.eye(5) + 0.3 * (teacher / teacher.sum(0, keepdim=True)).T
    expected = (F.cross_entropy(logits, rows) + F.cross_entropy(logits.T, columns)) / 2
    torch.testing.assert_close(loss(a, b, soft=teacher, soft_share=0.3).detach(), expected)
    torch.testing.assert_close(loss(a, b, soft=teacher, soft_share=0.0), loss(a, b))


def test_weights_choose_the_pairs_that_count() -> None:
    a, b = unit(4, seed=7), unit(4, seed=8)
    logits = a @ b.T / 0.07
    want = torch.tensor([1.0, 3.0, 0.0, 0.0])
    each = (F.cross_entropy(logits, torch.arange(4), reduction="none")
            + F.cross_entropy(logits.T, torch.arange(4), reduction="none")) / 2
    torch.testing.assert_close(SymmetricInfoNCE()(a, b, weights=want).detach(), (each[0] + 3 * each[1]) / 4)
    assert SymmetricInfoNCE()(a, b, weights=torch.zeros(4)).item() == 0


def test_order_does_not_matter_and_the_right_pairs_are_the_minimum() -> None:
    a, loss = unit(16, 32), SymmetricInfoNCE()
    order = torch.randperm(16, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(loss(a, a), loss(a[order], a[order]))
    assert loss(a, a) < loss(a, a[order])
    assert SymmetricInfoNCE(0.01)(torch.eye(16), torch.eye(16)).item() < 1e-6


def test_the_temperature_is_learned_and_bounded() -> None:
    loss = SymmetricInfoNCE(0.07)
    step = torch.optim.SGD(loss.parameters(), lr=1.0)
    loss(torch.eye(8), torch.eye(8)).backward()  # perfect pairs: sharper is better
    step.step()
    assert loss.temperature < 0.07
    with torch.no_grad():
        loss.log_scale.fill_(10.0)
    loss(torch.eye(8), torch.eye(8))
    assert loss.temperature == pytest.approx(0.01)
    loss.zero_grad()
    loss(unit(8, seed=1), unit(8, seed=2)).backward()  # pairs that do not fit: back from the bound it comes
    step.step()
    assert loss.temperature > 0.011
    assert not list(filter(lambda p: p.requires_grad, SymmetricInfoNCE(learn=False).parameters()))


@pytest.mark.parametrize("rows", [torch.ones(6, 4) / 2, torch.zeros(6, 4)])
def test_gradients_are_finite_where_all_rows_are_equal(rows: Tensor) -> None:
    a = rows.clone().requires_grad_()
    loss = SymmetricInfoNCE()(a, rows)
    assert loss.item() == pytest.approx(math.log(6), rel=1e-5)  # it knows nothing: one in six
    loss.backward()
    assert a.grad is not None and bool(a.grad.isfinite().all())


def test_shapes_that_do_not_fit_are_refused() -> None:
    loss = SymmetricInfoNCE()
    for call in (lambda: loss(unit(3), unit(4)), lambda: loss(unit(3, 8), unit(3, 9)), lambda: loss(unit(3)[0], unit(3)),
                 lambda: loss(unit(3), unit(3), torch.eye(4)), lambda: loss(unit(0), unit(0)),
                 lambda: loss(unit(2), unit(3), torch.ones(2, 3), weights=torch.ones(2))):
        with pytest.raises(ShapeError):
            call()
