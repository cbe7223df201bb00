"""Vectors of many people → the few numbers that are kept of them, and a check that nobody is found in those again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.metrics.intervals import bootstrap_statistic
from engine.records import FloatArray
from engine.voices.backends.protocol import SHRINKAGE, WEIGHT, Doubles
from engine.voices.cohort import Statistics, low_rank


def scatter(vectors: FloatArray, people: NDArray[np.int64]) -> tuple[Doubles, Doubles, Doubles]:
    """(mean (dim,), within (dim, dim), between (dim, dim)) of samples (n, dim) of people 0 to p − 1, two samples or more each.

    People count alike in the mean. Between is the scatter of their means less what the scatter within adds to it, without
    its negative part (the method of moments).
    """
    wide = vectors.astype(np.float64)
    counts = np.bincount(people)
    means = np.zeros((len(counts), wide.shape[1]))
    np.add.at(means, people, wide)
    means /= counts[:, None]
    away = wide - means[people]
    within = away.T @ away / (len(wide) - len(counts))
    mean = means.mean(axis=0)
    between = (means - mean).T @ (means - mean) / (len(counts) - 1) - within * (1 / counts).mean()
    values, axes = np.linalg.eigh(between)
    return mean, within, (axes * np.clip(values, 0, None)) @ axes.T


@dataclass(frozen=True)
class Shape:
    """What is kept, and how it is used later.

    within, between: axes of either covariance. With 32 of both it could be told of nine people in ten that they were in the
    cohort (`recognisable`: energy 0.94); few axes of what differs between people cost little, because most of it is spread over
    all axes alike. channel: axes along which a channel moves vectors most. weight, shrinkage, z_norm: see `Background`.
    """

    within: int = 16
    between: int = 4
    channel: int = 5
    weight: float = WEIGHT
    shrinkage: float = SHRINKAGE
    z_norm: bool = False


@dataclass(frozen=True)
class Changes:
    """What lines did to vectors: drawn channels (m, dim), and a telephone's band, a mean of each person (people, dim)."""

    drawn: FloatArray
    telephone: FloatArray


def statistics(vectors: FloatArray, people: NDArray[np.int64], changes: Changes, shape: Shape) -> Statistics:
    """What is kept: see `scatter` and `low_rank`."""
    mean, within, between = scatter(vectors, people)
    values, axes = np.linalg.eigh(changes.drawn.T.astype(np.float64) @ changes.drawn.astype(np.float64))
    channel = axes.T[::-1][:min(shape.channel, int((values > 1e-9).sum()))]
    return Statistics(mean, low_rank(within, shape.within), low_rank(between, shape.between), shape.weight, shape.shrinkage,
                      channel if len(channel) else None, shape.z_norm, changes.telephone.mean(axis=0, dtype=np.float64))


def recognisable(kept: Statistics, members: FloatArray, others: FloatArray, seed: int) -> dict[str, Any]:
    """Can it be told from the statistics who was in the cohort? Areas under the ROC curve; 0.5 is a guess.

    members, others: one vector a person (n, dim), (m, dim): people the statistics are made of, and people they are not.
    likelihood: of the vector under the statistics. energy: share of it that lies in the axes between people. nearest: its
    highest cosine to a drawn stranger, with the median of either group.
    """
    background = kept.background()
    precision = np.linalg.inv(background.within + background.between)

    def likelihood(v: FloatArray) -> Doubles:
        away = v - kept.mean
        return -np.einsum("nd,de,ne->n", away, precision, away)

    def energy(v: FloatArray) -> Doubles:
        away = v - kept.mean
        return np.asarray(np.square(away @ kept.between.axes.T).sum(axis=1) / np.square(away).sum(axis=1))

    def nearest(v: FloatArray) -> Doubles:
        return np.asarray((v @ background.strangers.T).max(axis=1), np.float64)

    found: dict[str, Any] = {"members": len(members), "others": len(others)}
    for name, measure in (("likelihood", likelihood), ("energy", energy), ("nearest", nearest)):
        a, b = measure(members), measure(others)
        both = np.concatenate([a, b])

        def area(rows: NDArray[np.int64], both: Doubles = both, edge: int = len(a)) -> float:
            own, other = both[rows[rows < edge]], both[rows[rows >= edge]]
            return float((own[:, None] > other).mean() + (own[:, None] == other).mean() / 2) if len(own) and len(other) else 0.5

        found[name] = {"auc": area(np.arange(len(both))),
                       "ci95": list(bootstrap_statistic(area, len(both), seed=seed, draws=500))}
    found["nearest"]["median"] = [float(np.median(nearest(members))), float(np.median(nearest(others)))]
    return found
