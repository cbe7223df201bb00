"""Scatter of vectors within and between people, shrunk so that it can be inverted."""

from __future__ import annotations

import numpy as np

from engine.voices.backends.protocol import Background, Doubles, Enrolled

OF_NO_ACCOUNT = 1000.0  # variance along the axes of channels, in that along others


def shrunk(covariance: Doubles, share: float) -> Doubles:
    """Move a covariance (dim, dim) towards a sphere of the same trace (Ledoit & Wolf 2004), `share` 0–1 of the way."""
    dim = len(covariance)
    return (1 - share) * covariance + share * np.trace(covariance) / dim * np.eye(dim)


def within_of(enrolled: Enrolled, mean: Doubles) -> tuple[Doubles, int]:
    """Scatter of the samples around their voices' means: (sum of squares (dim, dim), degrees of freedom)."""
    away = enrolled.vectors.astype(np.float64) - mean
    means = enrolled.means() - mean
    # Σ (x − m)(x − m)ᵀ = Σ x xᵀ − Σ n m mᵀ, two products of matrices however many voices there are
    scatter = away.T @ away - (means * enrolled.counts[:, None]).T @ means
    return scatter, len(away) - enrolled.voices


def adapted_within(enrolled: Enrolled, background: Background) -> Doubles:
    """Covariance of one person's samples: the background's, counted as its `weight` degrees of freedom, and that of the
    enrolled samples themselves. So a few voices borrow what speech does from strangers, and many show it themselves. Along the
    axes of channels it is so large that nothing there counts (nuisance attribute projection: Solomonoff et al. 2005).
    """
    scatter, freedom = within_of(enrolled, background.mean)
    within = shrunk((background.weight * background.within + scatter) / (background.weight + freedom), background.shrinkage)
    if background.channel is None:
        return within
    return within + OF_NO_ACCOUNT * np.trace(within) / len(within) * (background.channel.T @ background.channel)
