"""Chance that can be repeated, and that leaves the rest of the program's chance alone.

Dropout draws from torch's one global generator, and nothing can be handed to it. So a training keeps a state of its own, which
is put in for the length of a step and taken out after it. Exact repetition is promised on the CPU with the same number of
threads.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor


@contextmanager
def seeded(seed: int) -> Iterator[np.random.Generator]:
    """Inside, torch draws from `seed` and uses deterministic algorithms where it has them; after it all is as before.

    Yields a numpy generator of the same seed.
    """
    with Randomness(seed).drawing() as rng:
        yield rng


class Randomness:
    """A numpy generator (`rng`) and a state of torch's global CPU generator, both from one seed."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        outside = torch.get_rng_state()
        try:
            torch.random.default_generator.manual_seed(seed)
            self._torch = torch.get_rng_state()
        finally:
            torch.set_rng_state(outside)

    @contextmanager
    def drawing(self) -> Iterator[np.random.Generator]:
        """Inside, torch goes on drawing where it stopped the last time."""
        outside = torch.get_rng_state()
        strict, warns = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
        torch.set_rng_state(self._torch)
        torch.use_deterministic_algorithms(True, warn_only=True)
        try:
            yield self.rng
        finally:
            self._torch = torch.get_rng_state()
            torch.set_rng_state(outside)
            torch.use_deterministic_algorithms(strict, warn_only=warns)

    def state(self) -> tuple[Tensor, dict[str, Any]]:
        """(torch's state, uint8; numpy's state, ready for JSON)."""
        return self._torch.clone(), dict(self.rng.bit_generator.state)

    def restore(self, torch_state: Tensor, numpy_state: dict[str, Any]) -> None:
        self._torch = torch_state.clone()
        self.rng.bit_generator.state = numpy_state
