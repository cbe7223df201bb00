"""The two heads of the `compact` text–audio space: 521 tag classes as the ground on which sounds and texts meet.

    tag probabilities ─ √ ÷ background ─ − centre ─ unit ─┐
    embeddings (mean, max over time) ─ standardised ─ shift ┴─ + ─ unit ─ basis ─ unit ─ sound
    text vector ─ adapt ─ unit ─ tune ─ unit ─ softmax over class texts ─ unit ─ basis ─ unit ─ text

With `shift`, `adapt` and `tune` at zero, no background and no centre this is the tag bridge (`encoders/joint.py`): training
starts there. The background is what a library of other sounds gives on average, so that a class that YAMNet often hears counts
less.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

CLASSES, EMBEDDING, TEXT, DIM = 521, 1024, 384, 512
FLOOR = 1e-6  # probability


class AudioHead(nn.Module):
    """What is heard of a span → a unit vector. Learned: shift. The rest are statistics of the background."""

    scale: Tensor
    centre: Tensor
    feature_mean: Tensor
    feature_std: Tensor
    basis: Tensor

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        self.shift = nn.Linear(2 * EMBEDDING, CLASSES, bias=False)
        nn.init.zeros_(self.shift.weight)
        self.dropout = nn.Dropout(dropout)
        self.register_buffer("scale", torch.ones(CLASSES))
        self.register_buffer("centre", torch.zeros(CLASSES))
        self.register_buffer("feature_mean", torch.zeros(2 * EMBEDDING))
        self.register_buffer("feature_std", torch.ones(2 * EMBEDDING))
        self.register_buffer("basis", torch.eye(CLASSES)[:, :DIM].clone())

    def tags(self, probabilities: Tensor) -> Tensor:
        """probabilities: (n, 521) mean over time. Returns (n, 521) unit rows: what the bridge would give, calibrated."""
        raw = F.normalize(probabilities.clamp_min(FLOOR).sqrt() * self.scale, dim=1)
        return F.normalize(raw - self.centre, dim=1)

    def features(self, mean: Tensor, most: Tensor) -> Tensor:
        """mean, most: (n, 1024), mean and maximum of the embeddings over time. Returns (n, 2048), rows of a norm near 4."""
        raw = torch.log1p(torch.cat([mean, most], dim=1).clamp_min(0))
        return (raw - self.feature_mean) / self.feature_std * (4 / (2 * EMBEDDING) ** 0.5)

    def forward(self, probabilities: Tensor, mean: Tensor, most: Tensor) -> Tensor:
        """Returns (n, 512), unit rows."""
        shifted = self.tags(probabilities) + self.shift(self.dropout(self.features(mean, most)))
        return F.normalize(F.normalize(shifted, dim=1) @ self.basis, dim=1)


class TextHead(nn.Module):
    """The vector of a text → a unit vector. Learned: adapt (to how sounds are written about), tune (to pairs)."""

    classes: Tensor
    basis: Tensor

    def __init__(self, temperature: float) -> None:
        super().__init__()
        self.temperature = temperature
        self.adapt = nn.Parameter(torch.zeros(TEXT, TEXT))
        self.tune = nn.Parameter(torch.zeros(TEXT, TEXT))
        self.register_buffer("classes", torch.zeros(CLASSES, TEXT))
        self.register_buffer("basis", torch.eye(CLASSES)[:, :DIM].clone())

    def adapted(self, texts: Tensor) -> Tensor:
        """texts: (n, 384) unit rows. Returns (n, 384) unit rows."""
        return F.normalize(texts + texts @ self.adapt, dim=1)

    def over_classes(self, texts: Tensor) -> Tensor:
        """Returns (n, 521): a distribution over the tag classes."""
        tuned = self.adapted(texts)
        tuned = F.normalize(tuned + tuned @ self.tune, dim=1)
        return torch.softmax(tuned @ self.classes.T / self.temperature, dim=1)

    def forward(self, texts: Tensor) -> Tensor:
        """Returns (n, 512), unit rows."""
        return F.normalize(F.normalize(self.over_classes(texts), dim=1) @ self.basis, dim=1)


class JointHeads(nn.Module):
    """Both heads, as they are saved."""

    def __init__(self, temperature: float, dropout: float = 0.0) -> None:
        super().__init__()
        self.audio = AudioHead(dropout)
        self.text = TextHead(temperature)
