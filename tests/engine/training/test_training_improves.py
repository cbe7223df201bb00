"""Heads trained on made data do better on what they have not seen: the losses, batches and loop together."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from engine.nets.heads import Projection
from engine.training.batches import Shuffled
from engine.training.loop import Options, Trainer, adamw
from engine.training.losses.infonce import SymmetricInfoNCE
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
