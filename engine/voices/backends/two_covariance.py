"""Two covariances (a Gaussian PLDA): is the query nearer to a voice than to people in general?

A person's true vector m is drawn from N(mean, B), each sample of it from N(m, W). Given a voice's samples, the likelihood of
a query under that voice is Gaussian in closed form, and so is its likelihood under a stranger; the answer is the logarithm
of their ratio. It ranks the enrolled voices like LDA does, and says *nobody* by the same number.

W is the background's, adapted by the scatter of the enrolled samples (see scatter.py). Samples of one voice are not
independent of each other, so n of them count as n / (1 + CORRELATION · (n − 1)).

Sources: Brümmer & de Villiers 2010, "The speaker partitioning problem" (two-covariance model); Kenny 2010 (PLDA).
Constants chosen on the training half of the cohort and vctk-4 (`tests/benchmarks/backends.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.errors import UsageError
from engine.records import FloatArray
from engine.voices.backends.protocol import Background, Doubles, Enrolled
from engine.voices.backends.scatter import adapted_within, shrunk

SHRINKAGE_BETWEEN = 0.1
CORRELATION = 0.3  # between samples of one voice


@dataclass(frozen=True)
class FittedTwoCovariance:
    """In axes where W is the identity and B diagonal, everything is a sum over axes, and over voices two products."""

    mean: FloatArray  # (dim,)
    axes: FloatArray  # (dim, dim), rows
    stranger: FloatArray  # (dim,), one over the variance of a stranger's query
    precision: FloatArray  # (voices, dim), one over the variance of a query of each voice
    weighted: FloatArray  # (voices, dim), posterior mean times precision
    constant: FloatArray  # (voices,)

    def similarities(self, queries: FloatArray) -> FloatArray:
        """Natural log-likelihood ratios: above 0 the voice explains the query better than a stranger does."""
        placed = (queries - self.mean) @ self.axes.T  # (m, dim)
        squares = np.square(placed)
        return ((squares @ self.stranger)[:, None] / 2 - squares @ self.precision.T / 2 + placed @ self.weighted.T
                + self.constant).astype(np.float32)


class TwoCovariance:
    """Log-likelihood ratio of a voice against a stranger."""

    name, title, needs_background = "two-covariance", "two covariances, adapted", True
    log_likelihood = True

    def __init__(self, correlation: float = CORRELATION) -> None:
        self.correlation = correlation

    def fit(self, enrolled: Enrolled, background: Background | None) -> FittedTwoCovariance:
        if background is None:
            raise UsageError("This back-end needs a background of strangers, and there is none for this encoder.")
        within = adapted_within(enrolled, background)
        between = shrunk(background.between, SHRINKAGE_BETWEEN)
        half = np.linalg.inv(np.linalg.cholesky(within))  # half · W · halfᵀ = 1
        spread, turn = np.linalg.eigh(half @ between @ half.T)
        spread = np.maximum(spread, 1e-9)  # B along each axis, in units of W
        axes: Doubles = turn.T @ half
        means = (enrolled.means() - background.mean) @ axes.T  # (voices, dim)
        counts = enrolled.counts.astype(np.float64)
        counts = (counts / (1 + self.correlation * (counts - 1)))[:, None]
        kept = counts * spread / (counts * spread + 1)
        variance = spread / (counts * spread + 1) + 1  # of a query of the voice, given its samples
        expected = means * kept
        constant = -0.5 * (np.square(expected) / variance + np.log(variance)).sum(axis=1) + 0.5 * np.log1p(spread).sum()
        return FittedTwoCovariance(*(np.asarray(part, np.float32) for part in (
            background.mean, axes, 1 / (spread + 1), 1 / variance, expected / variance, constant)))
