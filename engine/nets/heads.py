"""Projection heads: small nets that carry frozen embeddings into a space of their own.

Sources: a linear map or an MLP after a frozen encoder is the head of SimCLR (Chen et al. 2020, arXiv 2002.05709) and of
CLAP (Elizalde et al. 2023, arXiv 2206.04769), which adds the straight way round the MLP (`residual`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.errors import UsageError


class Projection(nn.Module):
    """Features → unit-norm embedding.

    hidden ()      one linear map
    hidden (h, …)  linear → GELU → dropout for every h, then linear
    residual       the MLP's output is added to a linear map of the features (the identity where the widths agree), so that
                   it only has to learn what the linear map cannot say
    input_dropout  the share of features that are zeroed while training
    """

    def __init__(self, in_dim: int, out_dim: int, hidden: Sequence[int] = (), dropout: float = 0.0, *,
                 residual: bool = False, input_dropout: float = 0.0) -> None:
        super().__init__()
        if min(in_dim, out_dim, *hidden) < 1:
            raise UsageError("Every width of a head must be at least 1.")
        if residual and not hidden:
            raise UsageError("A residual head needs at least one hidden layer: without one it would be two linear maps in a row.")
        self.config: dict[str, Any] = {"in_dim": in_dim, "out_dim": out_dim, "hidden": list(hidden), "dropout": dropout,
                                       "residual": residual, "input_dropout": input_dropout}
        self.input_dropout = nn.Dropout(input_dropout)
        layers: list[nn.Module] = []
        width = in_dim
        for size in hidden:
            layers += [nn.Linear(width, size), nn.GELU(), nn.Dropout(dropout)]
            width = size
        self.mlp = nn.Sequential(*layers, nn.Linear(width, out_dim))
        self.straight: nn.Module | None = None
        if residual:
            self.straight = nn.Identity() if in_dim == out_dim else nn.Linear(in_dim, out_dim, bias=False)

    def raw(self, features: Tensor) -> Tensor:
        """features: (batch, in_dim). Returns (batch, out_dim) before the norm is taken away."""
        x = self.input_dropout(features)
        return self.mlp(x) if self.straight is None else self.straight(x) + self.mlp(x)

    def forward(self, features: Tensor) -> Tensor:
        """features: (batch, in_dim). Returns (batch, out_dim), rows of unit L2 norm.

        `Projection(**head.config)` makes a head of the same shape; its weights are `state_dict()`.
        """
        return F.normalize(self.raw(features), dim=1)


def parameters_of(module: nn.Module) -> int:
    """How many numbers a module learns."""
    return sum(torch.numel(p) for p in module.parameters() if p.requires_grad)
