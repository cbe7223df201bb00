"""Generalized end-to-end loss: an utterance is nearest to the centroid of its own speaker.

Source: Wan, Wang, Papir & Lopez Moreno, 2018, arXiv 1710.10467: equations 5 to 9, with w = 10 and b = −5 to start with. The mean
over utterances is taken instead of their sum, so that the rate does not depend on the batch.
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.errors import ShapeError, UsageError

SMALLEST_W = 1e-6  # w > 0: similarity must rise with the cosine
SMALLEST_NORM = 1e-3  # utterances that cancel have no centroid; their gradient stays bounded


class GE2E(nn.Module):
    """S = w · cos(utterance, centroid) + b, with w and b learned; the own centroid is the mean of the *other* utterances.

    variant
        softmax    − S_own + log Σ exp S                       pulls to the own centroid, pushes from all others
        contrast   1 − σ(S_own) + max over others of σ(S)      pushes only from the nearest other
    """

    def __init__(self, variant: Literal["softmax", "contrast"] = "softmax", w: float = 10.0, b: float = -5.0) -> None:
        super().__init__()
        if variant not in ("softmax", "contrast") or w <= 0:
            raise UsageError(f"GE2E has the variants softmax and contrast and a w above 0, not {variant} and {w}.")
        self.variant = variant
        self.w = nn.Parameter(torch.tensor(float(w)))
        self.b = nn.Parameter(torch.tensor(float(b)))

    def forward(self, embeddings: Tensor) -> Tensor:
        """embeddings: (speakers, utterances, dim), at least two of each. Raises ShapeError."""
        if embeddings.ndim != 3 or min(embeddings.shape[:2]) < 2:
            raise ShapeError(f"GE2E needs (speakers, utterances, dim), two or more of each, not {tuple(embeddings.shape)}.")
        with torch.no_grad():
            self.w.clamp_(min=SMALLEST_W)
        similarities = self.w * centroid_cosines(embeddings) + self.b  # (speakers, utterances, speakers)
        speakers, utterances, _ = embeddings.shape
        own = torch.arange(speakers, device=embeddings.device).repeat_interleave(utterances)
        rows = similarities.reshape(-1, speakers)
        if self.variant == "softmax":
            return F.cross_entropy(rows, own)
        levels = torch.sigmoid(rows)
        is_own = F.one_hot(own, speakers).bool()
        return (1 - levels[is_own] + levels.masked_fill(is_own, -torch.inf).amax(dim=1)).mean()


def centroid_cosines(embeddings: Tensor) -> Tensor:
    """(speakers, utterances, dim) → (speakers, utterances, speakers): each utterance against every centroid.

    An utterance is left out of its own speaker's centroid, so that it cannot win by being there itself.
    """
    speakers = len(embeddings)
    sums = embeddings.sum(dim=1)  # (speakers, dim)
    unit = F.normalize(embeddings, dim=2, eps=SMALLEST_NORM)
    cosines = unit @ F.normalize(sums, dim=1, eps=SMALLEST_NORM).T  # (speakers, utterances, speakers)
    without = F.normalize(sums[:, None] - embeddings, dim=2, eps=SMALLEST_NORM)  # (speakers, utterances, dim)
    own = (unit * without).sum(dim=2)  # (speakers, utterances)
    is_own = torch.eye(speakers, dtype=torch.bool, device=embeddings.device)[:, None, :]
    return torch.where(is_own, own[:, :, None], cosines)
