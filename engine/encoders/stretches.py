"""Stretches of speech of any length through a net that is best at some seconds: windows of equal length, and their mean.

A stretch is taken whole up to the length of a window, a longer one is cut, a short one is repeated. Windows of equal length
go through the net together, so no padding is ever heard.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np

from engine.encoders.windows import unit_rows
from engine.errors import ShapeError
from engine.records import Embedding, FloatArray


def filled(wave: FloatArray, least: int) -> FloatArray:
    """float32 (n,), repeated to `least` samples where it is shorter."""
    return np.resize(wave, least) if len(wave) < least else wave


def parts(wave: FloatArray, longest: int) -> list[FloatArray]:
    """Equal parts, the fewest that have no more than `longest` samples; a few samples at the end go."""
    count = -(-len(wave) // longest)
    size = len(wave) // count
    return [wave[number * size:(number + 1) * size] for number in range(count)]


def windows(wave: FloatArray, longest: int) -> list[FloatArray]:
    """For a net of one size: windows of it half over each other, the last one ending with the stretch."""
    size = min(len(wave), longest)
    hop = max(1, size // 2)
    return [wave[start:start + size] for start in [*range(0, len(wave) - size, hop), len(wave) - size]]


def embedded(cut: Sequence[Sequence[FloatArray]], run: Callable[[list[FloatArray]], FloatArray]) -> list[Embedding]:
    """The unit mean of the unit vectors of every stretch's windows.

    cut: the windows of each stretch. run: gets windows of equal length, returns float32 (windows, dim). Raises ShapeError.
    """
    rows: list[list[FloatArray]] = [[np.zeros(0, np.float32)] * len(own) for own in cut]
    by_length: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for owner, own in enumerate(cut):
        for place, window in enumerate(own):
            by_length[len(window)].append((owner, place))
    for places in by_length.values():
        found = run([cut[owner][place] for owner, place in places])
        for (owner, place), row in zip(places, found, strict=True):
            rows[owner][place] = row
    return [_joined(np.stack(own)) for own in rows]


def _joined(rows: FloatArray) -> Embedding:
    """rows: float32 (windows, dim), as the net gave them."""
    if not np.isfinite(rows).all():
        raise ShapeError("The encoder gave numbers that are none (NaN or infinity) for this stretch.")
    mean = unit_rows(rows).mean(axis=0, dtype=np.float64)
    length = float(np.linalg.norm(mean))
    if length < 1e-6:
        raise ShapeError("The net gave a vector of length zero; this stretch cannot be embedded.")
    return Embedding((mean / length).astype(np.float32), float(np.linalg.norm(rows.mean(axis=0, dtype=np.float64))))
