"""Symmetric InfoNCE with a learned temperature: in a batch the similarity matrix becomes the matrix of what belongs together.

Sources: van den Oord et al. 2018, arXiv 1807.03748 (InfoNCE); Radford et al. 2021, arXiv 2103.00020 (CLIP: both directions,
the temperature learned as a logarithm and clamped); Elizalde et al. 2023, arXiv 2206.04769 (CLAP: sounds and captions);
Khosla et al. 2020, arXiv 2004.11362 (several positives a row).
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.errors import ShapeError

TEMPERATURE = 0.07  # where CLIP starts
MAX_SCALE = 100.0  # CLIP's bound of 1 / temperature, which keeps training stable


class SymmetricInfoNCE(nn.Module):
    """½ (cross-entropy of rows + cross-entropy of columns) of s · A Bᵀ, with s = 1 / temperature.

    temperature: where it starts. learn: whether it is trained. `log_scale` = log s is the only parameter.
    """

    def __init__(self, temperature: float = TEMPERATURE, *, max_scale: float = MAX_SCALE, learn: bool = True) -> None:
        super().__init__()
        self.max_log_scale = math.log(max_scale)
        start = min(-math.log(temperature), self.max_log_scale)
        self.log_scale = nn.Parameter(torch.tensor(start), requires_grad=learn)

    @property
    def temperature(self) -> float:
        return math.exp(-min(self.log_scale.item(), self.max_log_scale))

    def forward(self, a: Tensor, b: Tensor, positives: Tensor | None = None, *, soft: Tensor | None = None,
                soft_share: float = 0.5, weights: Tensor | None = None) -> Tensor:
        """The loss of one batch; a scalar, the mean over rows and columns.

        a: (n, dim), b: (m, dim); rows of unit norm. Row i of `a` belongs to row i of `b` unless `positives` says otherwise.
        positives: (n, m) bool or float ≥ 0: which rows belong together, and how much. Each row (and, for the other direction,
            each column) is divided by its sum; one without any positive counts only as a negative of the others.
        soft: (n, m) float ≥ 0, a teacher's opinion, normalised in the same way: target = (1 − soft_share) · positives +
            soft_share · soft. For a teacher's similarities pass exp(similarities / its temperature).
        weights: (n,) ≥ 0, what each pair counts; needs n = m.
        Raises ShapeError.
        """
        shape = (len(a), len(b))
        if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or 0 in shape:
            raise ShapeError(f"InfoNCE needs two matrices of equal width, not {tuple(a.shape)} and {tuple(b.shape)}.")
        if shape[0] != shape[1] and (positives is None or weights is not None):
            raise ShapeError("InfoNCE of differing counts needs `positives`, and takes no weights of pairs.")
        for name, matrix in (("positives", positives), ("soft", soft)):
            if matrix is not None and tuple(matrix.shape) != shape:
                raise ShapeError(f"`{name}` must be {shape}, not {tuple(matrix.shape)}.")
        with torch.no_grad():  # as CLIP does: on the parameter, so that its gradient lives on at the bound
            self.log_scale.clamp_(max=self.max_log_scale)
        hard = torch.eye(len(a), device=a.device, dtype=a.dtype) if positives is None else positives.to(a.dtype)
        logits = self.log_scale.exp() * (a @ b.T)  # (n, m)
        mixed = None if soft is None else soft.to(a.dtype)
        there = _directed(logits, hard, mixed, soft_share, weights)
        back = _directed(logits.T, hard.T, None if mixed is None else mixed.T, soft_share, weights)
        return (there + back) / 2


def _directed(logits: Tensor, hard: Tensor, soft: Tensor | None, soft_share: float, weights: Tensor | None) -> Tensor:
    """Mean cross-entropy between the rows' targets and softmax(rows), over the rows that have a target."""
    targets = _distribution(hard)
    if soft is not None:
        targets = (1 - soft_share) * targets + soft_share * _distribution(soft)
        targets = _distribution(targets)  # rows with only one of the two
    losses = -(targets * F.log_softmax(logits, dim=1)).sum(dim=1)  # (rows,)
    counts = (targets.sum(dim=1) > 0).to(logits.dtype)
    if weights is not None:
        counts = counts * weights.to(logits.dtype)
    return (losses * counts).sum() / counts.sum().clamp_min(torch.finfo(logits.dtype).tiny)


def _distribution(matrix: Tensor) -> Tensor:
    """Rows divided by their sums; a row of zeros stays."""
    return matrix / matrix.sum(dim=1, keepdim=True).clamp_min(torch.finfo(matrix.dtype).tiny)
