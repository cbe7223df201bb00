"""Distances between rows with gradients that stay finite, and which rows of a batch belong together."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.errors import ShapeError

SMALLEST = 1e-12  # of a squared distance: below it there is no direction to push in, and the gradient is zero


def squared_distances(a: Tensor, b: Tensor) -> Tensor:
    """a: (n, dim), b: (m, dim). Returns (n, m) squared Euclidean distances, in [0, 4] for rows of unit norm."""
    squares = a.square().sum(dim=1)[:, None] + b.square().sum(dim=1)[None, :] - 2 * a @ b.T
    return squares.clamp_min(0)


def root(squares: Tensor) -> Tensor:
    """Square root whose gradient at zero is zero instead of infinite."""
    return squares.clamp_min(SMALLEST).sqrt() * (squares > SMALLEST)


def pair_masks(labels: Tensor) -> tuple[Tensor, Tensor]:
    """labels: (n,). Returns two bool (n, n): pairs of one label without the diagonal, and pairs of two labels."""
    same = labels[:, None] == labels[None, :]
    return same & ~torch.eye(len(labels), dtype=torch.bool, device=labels.device), ~same


def mean_of_active(losses: Tensor) -> Tensor:
    """Mean over what is above zero, so that pairs which are solved do not water down the others; 0 where all are."""
    return losses.sum() / (losses > 0).sum().clamp_min(1)


def check_labelled(embeddings: Tensor, labels: Tensor) -> None:
    """Raises ShapeError unless embeddings are (n, dim) and labels (n,)."""
    if embeddings.ndim != 2 or labels.shape != embeddings.shape[:1]:
        raise ShapeError(f"Embeddings must be (rows, dim) with one label a row, not {tuple(embeddings.shape)} "
                         f"and {tuple(labels.shape)}.")
