"""Learning-rate schedules: pure functions of the step, as a factor in [0, 1] of each group's own rate.

Steps count from 0. Sources: linear warm-up, Goyal et al. 2017, arXiv 1706.02677; cosine, Loshchilov & Hutter 2017,
arXiv 1608.03983.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from engine.errors import UsageError

Schedule = Callable[[int], float]


def constant(warmup: int = 0) -> Schedule:
    """1 after `warmup` steps of rising from 1 / warmup."""
    def factor(step: int) -> float:
        return _rising(step, warmup)

    return factor


def linear(steps: int, warmup: int = 0, floor: float = 0.0) -> Schedule:
    """Rises over `warmup` steps, then falls in a straight line to `floor` at `steps`, and stays there."""
    _check(steps, warmup, floor)

    def factor(step: int) -> float:
        return _rising(step, warmup) if step < warmup else floor + (1 - floor) * (1 - _part(step, steps, warmup))

    return factor


def cosine(steps: int, warmup: int = 0, floor: float = 0.0) -> Schedule:
    """Rises over `warmup` steps, then falls along half a cosine to `floor` at `steps`, and stays there."""
    _check(steps, warmup, floor)

    def factor(step: int) -> float:
        if step < warmup:
            return _rising(step, warmup)
        return floor + (1 - floor) * (1 + math.cos(math.pi * _part(step, steps, warmup))) / 2

    return factor


def _rising(step: int, warmup: int) -> float:
    """(step + 1) / warmup: the first step moves already."""
    return 1.0 if step >= warmup else (step + 1) / warmup


def _part(step: int, steps: int, warmup: int) -> float:
    """How much of the fall lies behind, 0–1."""
    return min(1.0, (step - warmup) / (steps - warmup))


def _check(steps: int, warmup: int, floor: float) -> None:
    if not 0 <= warmup < steps:
        raise UsageError(f"A warm-up of {warmup} steps does not fit into a training of {steps}.")
    if not 0 <= floor <= 1:
        raise UsageError(f"The floor of a schedule is a factor between 0 and 1, not {floor}.")
