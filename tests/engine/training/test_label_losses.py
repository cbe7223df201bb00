"""Contrastive pairs, triplets, prototypes and GE2E: by hand, against pytorch-metric-learning, and at the edges."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.errors import ShapeError, UsageError
from engine.training.losses.contrastive import Contrastive
from engine.training.losses.ge2e import GE2E, centroid_cosines
from engine.training.losses.prototypical import Prototypical
from engine.training.losses.triplet import Triplet

LABELS = torch.arange(4).repeat_interleave(3)
ByLabel = Callable[[Tensor], Tensor]

# each as a function of (12, dim) rows: four classes, three rows each
LOSSES: dict[str, ByLabel] = {
    "contrastive": lambda x: Contrastive()(x, LABELS),
    "triplet hard": lambda x: Triplet(mining="hard")(x, LABELS),
    "triplet semi-hard": lambda x: Triplet(mining="semi-hard")(x, LABELS),
    "triplet all": lambda x: Triplet(mining="all")(x, LABELS),
    "prototypical": lambda x: Prototypical()(x[::3], LABELS[::3], torch.cat([x[1::3], x[2::3]]), LABELS[::3].repeat(2)),
    "ge2e softmax": lambda x: GE2E("softmax")(x.reshape(4, 3, -1)),
    "ge2e contrast": lambda x: GE2E("contrast")(x.reshape(4, 3, -1)),
}
each = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())


def unit(rows: int = 12, dim: int = 6, seed: int = 0) -> Tensor:
    return F.normalize(torch.randn(rows, dim, generator=torch.Generator().manual_seed(seed)), dim=1)


@each
def test_a_perfect_embedding_costs_next_to_nothing(loss: ByLabel) -> None:
    perfect = torch.eye(4).repeat_interleave(3, dim=0)
    assert loss(perfect).item() < 0.03
    assert loss(perfect).item() < loss(unit()).item() / 5


@each
def test_a_rotation_and_another_order_of_classes_change_nothing(loss: ByLabel) -> None:
    x = unit()
    rotation, _ = torch.linalg.qr(torch.randn(6, 6, generator=torch.Generator().manual_seed(3)))
    torch.testing.assert_close(loss(x @ rotation), loss(x), atol=1e-5, rtol=1e-4)
    turned = x.reshape(4, 3, 6)[[2, 0, 3, 1]].reshape(12, 6)
    torch.testing.assert_close(loss(turned), loss(x), atol=1e-5, rtol=1e-4)


@each
@pytest.mark.parametrize("rows", [torch.ones(12, 4) / 2, torch.zeros(12, 4), torch.eye(4).repeat_interleave(3, dim=0),
                                  torch.tensor([1.0, -1.0]).repeat(6)[:, None] * torch.ones(12, 4) / 2],
                         ids=["equal", "zero", "perfect", "opposite"])
def test_gradients_are_finite_at_the_extremes(loss: ByLabel, rows: Tensor) -> None:
    x = rows.clone().requires_grad_()
    loss(x).backward()
    assert x.grad is not None and bool(x.grad.isfinite().all()) and x.grad.abs().max() < 1e4


@each
def test_a_step_against_the_gradient_makes_it_smaller(loss: ByLabel) -> None:
    x = unit().requires_grad_()
    before = loss(x)
    before.backward()
    with torch.no_grad():
        assert loss(x - 1e-3 * x.grad) < before


def test_contrastive_by_hand() -> None:
    """Pairs at 90° (d = √2): ½ · 2 where they belong together; within a margin of 2 otherwise ½ (2 − √2)²."""
    a, b = torch.eye(3)[:2], torch.eye(3)[[1, 2]]
    loss = Contrastive(margin=2.0)
    same = torch.tensor([True, False])
    assert loss.pairs(a, b, same).item() == pytest.approx((1 + (2 - math.sqrt(2)) ** 2 / 2) / 2, rel=1e-5)
    assert Contrastive(margin=1.0).pairs(a, b, same).item() == pytest.approx(0.5)
    # the same three rows as a batch: labels 0 0 1
    assert loss(torch.eye(3), torch.tensor([0, 0, 1])).item() == pytest.approx(1 + (2 - math.sqrt(2)) ** 2 / 2, rel=1e-5)


def test_contrastive_equals_pytorch_metric_learning() -> None:
    losses, distances = (pytest.importorskip(f"pytorch_metric_learning.{n}") for n in ("losses", "distances"))
    x = unit(seed=4)
    # its positives cost d^power and its negatives max(0, margin − d)^1: the halves are compared where the formulas agree
    squared = losses.ContrastiveLoss(pos_margin=0, neg_margin=0, distance=distances.LpDistance(power=2))(x, LABELS)
    alone = [F.normalize(x.reshape(4, 3, 6)[:, 0], dim=1), torch.arange(4)]
    torch.testing.assert_close(Contrastive(margin=1e-3)(x, LABELS), squared / 2, atol=1e-5, rtol=1e-5)
    apart = losses.ContrastiveLoss(pos_margin=0, neg_margin=2.0, distance=distances.LpDistance(power=1))
    pairs = [apart(alone[0][[i, j]], torch.tensor([0, 1])) for i, j in itertools.combinations(range(4), 2)]
    torch.testing.assert_close(Contrastive(margin=2.0)(*alone), sum(p**2 / 2 for p in pairs) / len(pairs), atol=1e-5, rtol=1e-5)


def test_triplet_by_hand() -> None:
    """Anchor at 0°, positive at 60° (d² = 1), negative at 90° (d² = 2) to the anchor and 30° (2 − √3) to the positive."""
    angles = torch.tensor([0.0, 60.0, 90.0]).deg2rad()
    x = torch.stack([angles.cos(), angles.sin()], dim=1)
    labels = torch.tensor([0, 0, 1])
    from_anchor, from_positive = 1 - 2 + 1.5, 1 - (2 - math.sqrt(3)) + 1.5
    for mining in ("hard", "semi-hard", "all"):  # with one positive and one negative all are the same
        assert Triplet(1.5, mining)(x, labels).item() == pytest.approx((from_anchor + from_positive) / 2, rel=1e-5)


@pytest.mark.parametrize("mining", ["hard", "all"])
def test_triplet_equals_pytorch_metric_learning(mining: str) -> None:
    losses, distances, miners = (pytest.importorskip(f"pytorch_metric_learning.{n}") for n in ("losses", "distances", "miners"))
    x, square = unit(seed=5), distances.LpDistance(power=2)
    mined = miners.BatchHardMiner(distance=square)(x, LABELS) if mining == "hard" else None
    expected = losses.TripletMarginLoss(margin=0.2, distance=square)(x, LABELS, mined)
    torch.testing.assert_close(Triplet(0.2, mining)(x, LABELS), expected, atol=1e-5, rtol=1e-5)


def test_semi_hard_by_going_through_all() -> None:
    x = unit(seed=6)
    distance = torch.cdist(x, x).square()
    found = []
    for anchor, positive in itertools.permutations(range(12), 2):
        if LABELS[anchor] == LABELS[positive]:
            others = [distance[anchor, n].item() for n in range(12) if LABELS[n] != LABELS[anchor]]
            near = distance[anchor, positive].item()
            farther = [d for d in others if d > near]
            found.append(max(0.0, near - (min(farther) if farther else max(others)) + 0.2))
    active = [f for f in found if f > 0]
    assert Triplet(0.2, "semi-hard")(x, LABELS).item() == pytest.approx(sum(active) / len(active), rel=1e-4)


@pytest.mark.parametrize("mining", ["hard", "semi-hard", "all"])
@pytest.mark.parametrize("labels", [torch.zeros(5), torch.arange(5)], ids=["one class", "no positives"])
def test_a_batch_without_triplets_costs_nothing(mining: str, labels: Tensor) -> None:
    x = unit(5).requires_grad_()
    loss = Triplet(mining=mining)(x, labels)
    loss.backward()
    assert loss.item() == 0 and x.grad is not None and not x.grad.any()


def test_prototypical_by_hand() -> None:
    """Support of class 0 at (1, 0) and (0, 1): prototype (½, ½), ½ away; class 1 at (−1, 0), 4 away from the query (1, 0)."""
    support = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    loss = Prototypical(scale=1.0)(support, torch.tensor([5, 5, 9]), torch.tensor([[1.0, 0.0]]), torch.tensor([5]))
    assert loss.item() == pytest.approx(math.log(1 + math.exp(-3.5)), rel=1e-5)
    x = unit().reshape(4, 3, 6)
    logits = -10 * torch.cdist(x[:, 1:].reshape(-1, 6), x[:, 0]).square()
    expected = F.cross_entropy(logits, torch.arange(4).repeat_interleave(2))
    torch.testing.assert_close(Prototypical().episode(x, shots=1), expected, atol=1e-4, rtol=1e-5)


def test_ge2e_by_hand() -> None:
    """Two speakers with two utterances each: the own centroid is the other utterance."""
    angles = torch.tensor([[0.0, 60.0], [180.0, 180.0]]).deg2rad()
    x = torch.stack([angles.cos(), angles.sin()], dim=2)
    cosines = centroid_cosines(x)
    across = math.cos(math.radians(150))  # the first speaker's centroid is at 30°, the second's utterances at 180°
    torch.testing.assert_close(cosines[0], torch.tensor([[0.5, -1.0], [0.5, -0.5]]), atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(cosines[1], torch.tensor([[across, 1.0], [across, 1.0]]), atol=1e-6, rtol=1e-5)
    softmax = [math.log(1 + math.exp(2 * (other - own))) for own, other in ((0.5, -1), (0.5, -0.5), (1, across), (1, across))]
    assert GE2E("softmax", w=2, b=-1)(x).item() == pytest.approx(sum(softmax) / 4, rel=1e-4)
    contrast = [1 - 1 / (1 + math.exp(1 - 2 * own)) + 1 / (1 + math.exp(1 - 2 * other))
                for own, other in ((0.5, -1), (0.5, -0.5), (1, across), (1, across))]
    assert GE2E("contrast", w=2, b=-1)(x).item() == pytest.approx(sum(contrast) / 4, rel=1e-4)


def test_ge2e_keeps_its_w_above_zero() -> None:
    loss = GE2E()
    with torch.no_grad():
        loss.w.fill_(-3.0)
    loss(unit().reshape(4, 3, 6))
    assert 0 < loss.w.item() < 1e-5


def test_bad_input_is_refused() -> None:
    for call in (lambda: Contrastive()(unit(), LABELS[:3]), lambda: Contrastive().pairs(unit(3), unit(4), LABELS[:3] > 0),
                 lambda: Triplet()(unit()[0], LABELS), lambda: GE2E()(unit().reshape(12, 1, 6)), lambda: GE2E()(unit()),
                 lambda: Prototypical()(unit(3), torch.arange(3), unit(1), torch.tensor([7])),
                 lambda: Prototypical().episode(unit().reshape(4, 3, 6), shots=3)):
        with pytest.raises(ShapeError):
            call()
    for make in (lambda: Contrastive(0), lambda: Triplet(mining="soft"), lambda: GE2E(w=0), lambda: Prototypical(0)):  # type: ignore[arg-type]
        with pytest.raises(UsageError):
            make()
