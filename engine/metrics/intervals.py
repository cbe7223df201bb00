"""How sure a number is: 95 % intervals.

Conventions: intervals are (low, high). What was sampled is what is drawn again: items, queries, or whole speakers
(`groups`, a cluster bootstrap), because the utterances of one speaker are not independent of each other. Same seed, same
interval.

Sources: Efron & Tibshirani, *An Introduction to the Bootstrap* (1993), chapter 13 (percentile interval);
Wilson 1927, J. Am. Stat. Assoc. 22, 209–212.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.errors import ShapeError, UsageError
from engine.metrics.checks import finite, positive

Z95 = 1.959963984540054  # the normal distribution's 97.5 % point
DRAWS = 2000  # bootstrap replicates; 1000–2000 are enough for percentile intervals (Efron & Tibshirani)


def bootstrap_ci95(values: ArrayLike, *, seed: int, groups: Sequence[Hashable] | None = None,
                   draws: int = DRAWS) -> tuple[float, float]:
    """The interval of the mean of values (n,). groups (n,): drawn as wholes (e.g. speakers) instead of single items."""
    numbers = finite(values, "values")
    return bootstrap_statistic(lambda rows: float(numbers[rows].mean()), len(numbers), seed=seed, groups=groups,
                               draws=draws)


def bootstrap_statistic(statistic: Callable[[NDArray[np.int64]], float], n: int, *, seed: int,
                        groups: Sequence[Hashable] | None = None, draws: int = DRAWS) -> tuple[float, float]:
    """The interval of any statistic of n items. statistic: takes drawn row indices (with repeats), returns a number."""
    positive(n, "n")
    positive(draws, "draws")
    if groups is None:
        members = [np.array([row]) for row in range(n)]
    else:
        if len(groups) != n:
            raise ShapeError(f"{len(groups)} groups were given for {n} items.")
        rows_of: dict[Hashable, list[int]] = {}
        for row, group in enumerate(groups):
            rows_of.setdefault(group, []).append(row)
        members = [np.array(rows) for rows in rows_of.values()]
    rng = np.random.default_rng(seed)
    found = np.empty(draws)
    for draw in range(draws):
        picked = rng.integers(0, len(members), len(members))
        rows = picked if groups is None else np.concatenate([members[i] for i in picked])
        found[draw] = statistic(rows)
    low, high = np.percentile(found, (2.5, 97.5))
    return float(low), float(high)


def paired_bootstrap_ci95(a: ArrayLike, b: ArrayLike, *, seed: int, groups: Sequence[Hashable] | None = None,
                          draws: int = DRAWS) -> tuple[float, float]:
    """The interval of mean(a) − mean(b), two systems measured on the same n items (or groups of them).

    a, b: (n,), item by item. Both are drawn together, so that what makes an item hard for both cancels out; 0 outside
    of the interval means that one system is better beyond the luck of the draw. Raises ShapeError.
    """
    first, second = finite(a, "a"), finite(b, "b")
    if first.shape != second.shape:
        raise ShapeError(f"a has {len(first)} items, b has {len(second)}; they must be the same items.")
    return bootstrap_ci95(first - second, seed=seed, groups=groups, draws=draws)


def wilson_ci95(successes: int, trials: int) -> tuple[float, float]:
    """Wilson's interval of a proportion of independent trials; stays inside 0–1 and is not empty at 0 or all."""
    positive(trials, "trials")
    if not 0 <= successes <= trials:
        raise UsageError(f"{successes} successes in {trials} trials cannot be.")
    share, z2 = successes / trials, Z95**2
    centre = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = Z95 / (1 + z2 / trials) * np.sqrt(share * (1 - share) / trials + z2 / (4 * trials**2))
    return float(max(0.0, centre - half)), float(min(1.0, centre + half))
