"""Triplet loss with mining inside the batch.

Sources: Schroff, Kalenichenko & Philbin, "FaceNet", 2015, arXiv 1503.03832 (squared distances, margin 0.2, semi-hard negatives);
Hermans, Beyer & Leibe, 2017, arXiv 1703.07737 (batch-hard).
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from engine.errors import UsageError
from engine.training.losses.distances import check_labelled, mean_of_active, pair_masks, squared_distances

Mining = Literal["hard", "semi-hard", "all"]
MARGIN = 0.2


class Triplet(nn.Module):
    """max(0, d²(anchor, positive) − d²(anchor, negative) + margin), the mean over triplets above zero.

    mining
        hard        each anchor with its farthest positive and its nearest negative
        semi-hard   each anchor and positive with the nearest negative that is farther than the positive; where all are
                    nearer, with the farthest
        all         every triplet of the batch: (n, n, n) numbers
    """

    def __init__(self, margin: float = MARGIN, mining: Mining = "semi-hard") -> None:
        super().__init__()
        if margin <= 0 or mining not in ("hard", "semi-hard", "all"):
            raise UsageError(f"A triplet needs a margin above 0 and mining hard, semi-hard or all, not {margin} and {mining}.")
        self.margin, self.mining = margin, mining

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """embeddings: (n, dim), labels: (n,). A batch without any triplet gives 0. Raises ShapeError."""
        check_labelled(embeddings, labels)
        squares = squared_distances(embeddings, embeddings)  # (n, n)
        same, different = pair_masks(labels)
        if self.mining == "hard":
            positive = squares.masked_fill(~same, -torch.inf).amax(dim=1)
            negative = squares.masked_fill(~different, torch.inf).amin(dim=1)
            there = same.any(dim=1) & different.any(dim=1)
            return self._mean(positive[there], negative[there])
        anchors, positives = torch.nonzero(same & different.any(dim=1)[:, None], as_tuple=True)  # (pairs,)
        positive = squares[anchors, positives]
        negative = squares[anchors]  # (pairs, n)
        others = different[anchors]
        if self.mining == "all":
            return mean_of_active((positive[:, None] - negative + self.margin).clamp_min(0) * others)
        farther = others & (negative > positive[:, None])
        nearest = negative.masked_fill(~farther, torch.inf).amin(dim=1) if len(anchors) else positive
        farthest = negative.masked_fill(~others, -torch.inf).amax(dim=1) if len(anchors) else positive
        return self._mean(positive, torch.where(farther.any(dim=1), nearest, farthest))

    def _mean(self, positive: Tensor, negative: Tensor) -> Tensor:
        return mean_of_active((positive - negative + self.margin).clamp_min(0))
