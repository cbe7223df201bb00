"""Heads trained on made data do better on what they have not seen: the losses, batches and loop together."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from engine.nets.heads import Projection
from engine.training.batches import ClassesByItems, Shuffled
from engine.training.loop import Options, Trainer, adamw
from engine.training.losses.contrastive import Contrastive
from engine.training.losses.ge2e import GE2E
from engine.training.losses.infonce import SymmetricInfoNCE
from engine.training.losses.prototypical import Prototypical
from engine.training.losses.triplet import Triplet
from engine.training.schedules import cosine
from engine.training.seeds import seeded


def two_views(count: int, rng: np.random.Generator, hidden: int = 12) -> tuple[Tensor, Tensor]:
    """One cause seen in two ways, each among more noise than signal: (count, 64), (count, 48)."""
    maps = np.random.default_rng(7)
    cause = rng.standard_normal((count, hidden))
    views = []
    for width in (64, 48):
        noise = maps.standard_normal((hidden, width))  # directions of noise as strong as the cause's
        view = cause @ maps.standard_normal((hidden, width)) + rng.standard_normal((count, hidden)) @ noise
        views.append(torch.tensor(view, dtype=torch.float32))
    return views[0], views[1]


def test_infonce_finds_what_two_views_share() -> None:
    rng = np.random.default_rng(0)
    a, b = two_views(2000, rng)
    held_a, held_b = two_views(200, rng)
    with seeded(0):
        model = nn.ModuleDict({"a": Projection(64, 32), "b": Projection(48, 32, hidden=(64,), residual=True),
                               "loss": SymmetricInfoNCE()})

    def recall(model: nn.Module) -> float:
        with torch.no_grad():
            best = (model["a"](held_a) @ model["b"](held_b).T).argmax(dim=1)
        return float((best == torch.arange(len(held_a))).float().mean())

    def loss(rows: np.ndarray, rng: np.random.Generator) -> Tensor:
        return model["loss"](model["a"](a[rows]), model["b"](b[rows]))

    trainer = Trainer(model, loss, Shuffled(2000, 128), Options(300, evaluate_every=100), optimiser=adamw(3e-3),
                      schedule=cosine(300, 20), evaluate=recall)
    model.eval()
    before = recall(model)
    records = list(trainer.run())
    model.load_state_dict(trainer.weights())
    assert before < 0.05
    assert recall(model) > 0.9
    assert trainer.best_measure == pytest.approx(recall(model))
    assert records[-1].loss < records[0].loss / 4
    assert records[0].seconds < records[-1].seconds < 20


def classes(per_class: int, centres: np.ndarray, rng: np.random.Generator) -> tuple[Tensor, np.ndarray]:
    """Classes told apart by 8 of 40 directions; the other 32 carry only noise, twice as strong. (rows, 40) and labels."""
    labels = np.repeat(np.arange(len(centres)), per_class)
    noise = rng.standard_normal((len(labels), 40)) * np.r_[np.full(8, 0.3), np.full(32, 2.0)]
    turn, _ = np.linalg.qr(np.random.default_rng(5).standard_normal((40, 40)))
    rows = (np.pad(centres[labels], ((0, 0), (0, 32))) + noise) @ turn
    return torch.tensor(rows, dtype=torch.float32), labels


def nearest_centroid_accuracy(x: Tensor, per_class: int) -> float:
    """Five rows of each class make its centroid, the others are placed."""
    table = x.reshape(-1, per_class, x.shape[1])
    centroids = table[:, :5].mean(dim=1)
    placed = torch.cdist(table[:, 5:].reshape(-1, x.shape[1]), centroids).argmin(dim=1)
    return float((placed == torch.arange(len(table)).repeat_interleave(per_class - 5)).float().mean())


CLASSES, ITEMS = 8, 4
LABELS = torch.arange(CLASSES).repeat_interleave(ITEMS)
LOSSES: dict[str, Callable[[], nn.Module]] = {
    "contrastive": Contrastive, "triplet hard": lambda: Triplet(mining="hard"), "triplet semi-hard": Triplet,
    "triplet all": lambda: Triplet(mining="all"), "prototypical": Prototypical, "ge2e softmax": GE2E,
    "ge2e contrast": lambda: GE2E("contrast")}


@pytest.mark.parametrize("name", LOSSES)
def test_classes_that_were_never_seen_are_told_apart(name: str) -> None:
    rng = np.random.default_rng(0)
    x, labels = classes(20, rng.standard_normal((60, 8)), rng)
    held, _ = classes(20, rng.standard_normal((30, 8)), rng)
    with seeded(0):
        model = nn.ModuleDict({"head": Projection(40, 8), "loss": LOSSES[name]()})

    def loss(rows: np.ndarray, rng: np.random.Generator) -> Tensor:
        out = model["head"](x[rows])
        if name == "prototypical":
            return model["loss"].episode(out.reshape(CLASSES, ITEMS, -1), shots=2)
        return model["loss"](out.reshape(CLASSES, ITEMS, -1)) if "ge2e" in name else model["loss"](out, LABELS)

    trainer = Trainer(model, loss, ClassesByItems(labels, CLASSES, ITEMS), Options(300), optimiser=adamw(1e-2),
                      schedule=cosine(300, 10))
    before = nearest_centroid_accuracy(held, 20)
    list(trainer.run())
    with torch.no_grad():
        after = nearest_centroid_accuracy(model["head"].eval()(held), 20)
    assert before < 0.15
    assert after > 0.9  # knowing the eight directions gives 0.99
