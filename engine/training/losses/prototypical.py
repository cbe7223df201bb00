"""Prototypical loss: a query is nearest to the mean of its class's support.

Source: Snell, Swersky & Zemel, "Prototypical Networks for Few-shot Learning", 2017, arXiv 1703.05175.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.errors import ShapeError, UsageError
from engine.training.losses.distances import check_labelled, squared_distances

SCALE = 10.0  # squared distances of unit vectors end at 4, which a softmax hardly notices; the paper's vectors have any length


class Prototypical(nn.Module):
    """Cross-entropy of softmax(− scale · d²(query, prototype)); a prototype is the plain mean of its class's support.

    scale 1 is the paper's.
    """

    def __init__(self, scale: float = SCALE) -> None:
        super().__init__()
        if scale <= 0:
            raise UsageError(f"The scale must be above 0, not {scale}.")
        self.scale = scale

    def forward(self, support: Tensor, support_labels: Tensor, queries: Tensor, query_labels: Tensor) -> Tensor:
        """support: (n, dim), queries: (m, dim), labels: (n,) and (m,). The mean over queries.

        Raises ShapeError, also where a query's class has no support.
        """
        check_labelled(support, support_labels)
        check_labelled(queries, query_labels)
        classes, of = torch.unique(support_labels, return_inverse=True)
        matches = query_labels[:, None] == classes[None, :]  # (m, classes)
        if len(queries) == 0 or not bool(matches.any(dim=1).all()):
            raise ShapeError("Every query needs a class that has support, and there must be queries.")
        member = F.one_hot(of, len(classes)).to(support.dtype)  # (n, classes)
        prototypes = member.T @ support / member.sum(dim=0)[:, None]  # (classes, dim)
        return F.cross_entropy(-self.scale * squared_distances(queries, prototypes), matches.int().argmax(dim=1))

    def episode(self, embeddings: Tensor, shots: int = 1) -> Tensor:
        """A batch of classes × items, (classes, items, dim): the first `shots` of each class are support, the others queries."""
        if embeddings.ndim != 3 or not 1 <= shots < embeddings.shape[1]:
            raise ShapeError(f"An episode is (classes, items, dim) with more than {shots} items, not {tuple(embeddings.shape)}.")
        classes, items, dim = embeddings.shape
        labels = torch.arange(classes, device=embeddings.device)
        return self(embeddings[:, :shots].reshape(-1, dim), labels.repeat_interleave(shots),
                    embeddings[:, shots:].reshape(-1, dim), labels.repeat_interleave(items - shots))
