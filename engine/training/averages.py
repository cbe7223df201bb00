"""A moving average of weights, which often generalises better than the last step's.

Source: Polyak & Juditsky 1992; the growing decay at the start is that of TensorFlow's ExponentialMovingAverage.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Average:
    """average ← d · average + (1 − d) · weights after every step, with d = min(decay, (1 + t) / (10 + t)).

    Whole numbers and other buffers that cannot be averaged are taken as they are. `weights` is a state dict.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.steps = 0
        self.weights: dict[str, Tensor] = snapshot(model)

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        self.steps += 1
        for name, now in model.state_dict().items():
            mean = self.weights[name]
            if mean.is_floating_point():
                mean.lerp_(now, 1 - decay)
            else:
                mean.copy_(now)


def snapshot(model: nn.Module) -> dict[str, Tensor]:
    """The state dict, copied: later steps leave it alone."""
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
