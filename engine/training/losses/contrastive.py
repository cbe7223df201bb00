"""Contrastive loss of pairs with a margin.

Source: Hadsell, Chopra & LeCun, "Dimensionality Reduction by Learning an Invariant Mapping", CVPR 2006.
"""

from __future__ import annotations

from torch import Tensor, nn

from engine.errors import ShapeError, UsageError
from engine.training.losses.distances import check_labelled, mean_of_active, pair_masks, root, squared_distances

MARGIN = 1.0  # unit vectors with a cosine of 0.5


class Contrastive(nn.Module):
    """½ d² where two rows belong together, ½ max(0, margin − d)² where they do not; d is the Euclidean distance.

    margin: in (0, 2] for rows of unit norm.
    """

    def __init__(self, margin: float = MARGIN) -> None:
        super().__init__()
        if margin <= 0:
            raise UsageError(f"The margin must be above 0, not {margin}.")
        self.margin = margin

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """All pairs of a batch: mean over those of one label + mean over those of two labels that are within the margin.

        embeddings: (n, dim), labels: (n,). Raises ShapeError.
        """
        check_labelled(embeddings, labels)
        squares = squared_distances(embeddings, embeddings)  # (n, n)
        same, different = pair_masks(labels)
        near = (squares * same).sum() / same.sum().clamp_min(1) / 2
        return near + mean_of_active(self._apart(squares) * different)

    def pairs(self, a: Tensor, b: Tensor, same: Tensor) -> Tensor:
        """Row i of a, (n, dim), with row i of b; same: (n,) bool. The mean over pairs. Raises ShapeError."""
        if a.ndim != 2 or a.shape != b.shape or same.shape != a.shape[:1]:
            raise ShapeError(f"Pairs must be two matrices of one shape with one mark a row, not {tuple(a.shape)}, "
                             f"{tuple(b.shape)} and {tuple(same.shape)}.")
        squares = (a - b).square().sum(dim=1)  # (n,)
        together = same.to(a.dtype)
        return (together * squares / 2 + (1 - together) * self._apart(squares)).mean()

    def _apart(self, squares: Tensor) -> Tensor:
        return (self.margin - root(squares)).clamp_min(0).square() / 2
