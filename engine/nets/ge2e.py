"""The GE2E speaker encoder as a plain torch module.

Source: Wan et al., "Generalized End-to-End Loss for Speaker Verification", 2018, arXiv 1710.10467. The sizes are those of
the weights that Resemblyzer publishes.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

BANDS = 40
HIDDEN = 256
DIM = 256
LAYERS = 3


class GE2E(nn.Module):
    """Mel power frames → speaker embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(BANDS, HIDDEN, LAYERS, batch_first=True)
        self.linear = nn.Linear(HIDDEN, DIM)

    def forward(self, mels: Tensor) -> Tensor:
        """mels: (batch, frames, 40) mel power (not log). Returns (batch, 256), ≥ 0, before L2 normalisation."""
        _, (hidden, _) = self.lstm(mels)
        return torch.relu(self.linear(hidden[-1]))  # (batch, 256): the top layer's last state
