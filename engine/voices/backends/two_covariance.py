"""Two covariances (a Gaussian PLDA): is the query nearer to a voice than to people in general?

A person's true vector m is drawn from N(mean, B), each sample of it from N(m, W). Given a voice's samples, the likelihood of
a query under that voice is Gaussian in closed form, and so is its likelihood under a stranger; the answer is the logarithm
of their ratio. It ranks the enrolled voices like LDA does, and says *nobody* by the same number.

What the enrolled voices have in common (one room, one microphone, one language) is no sign of a person, and a stranger who is
recorded like them has it too. It is a vector d, drawn from N(0, COMMON · B) where there is one; the voices' means tell whether
there is one at all, by the ratio of the likelihoods with and without it, and what it is. A query is then of a voice that was
drawn from N(mean + d, B) or from N(mean, B), one as probable as the other, and a stranger comes from either, ALIKE of them from
the first.

How high a ratio strangers reach depends on the voice too: samples that are alike make a narrow voice, whose ratios are far from
each other. Where the background's strangers are like real ones (`z_norm`; those of GE2E are not), each voice's ratios are moved
and scaled until these strangers have a mean of 0 and a standard deviation of SPREAD with it (Z-norm). One threshold then does
for voices of all kinds, and a difference is still about a logarithm. A query over a telephone is judged by the same strangers as
they are over a telephone: with a voice that was enrolled over one, all who call reach more.

W is the background's, adapted by the scatter of the enrolled samples (see scatter.py). Samples of one voice are not
independent of each other, so n of them count as n / (1 + CORRELATION · (n − 1)).

Sources: Brümmer & de Villiers 2010, "The speaker partitioning problem" (two-covariance model); Kenny 2010 (PLDA); on moving the
mean: Garcia-Romero et al. 2014, "Improving speaker recognition performance in the domain adaptation challenge"; Z-norm:
Auckenthaler et al. 2000, "Score normalization for text-independent speaker verification systems".
Constants chosen on the training half of the cohort and vctk-4 (`tests/benchmarks/backends.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from engine.errors import UsageError
from engine.records import FloatArray
from engine.voices.backends.protocol import Background, Doubles, Enrolled
from engine.voices.backends.scatter import adapted_within, shrunk

SHRINKAGE_BETWEEN = 0.1
CORRELATION = 0.3  # between samples of one voice
SPREAD = 20.0  # nats, what the ratios of strangers deviate by with a usual voice
COMMON = 1.0  # variance of what voices have in common, in that of people
MOST_NATS = 50.0  # of the evidence, beyond which it is certain
LEAST_VOICES = 3  # fewer cannot tell what they have in common from what they are, unless ratios are normalised
LEAST_SHARE = 1e-6  # below which it is as good as none
ALIKE = 0.02  # of strangers are recorded like the voices, where these have something in common


@dataclass(frozen=True)
class FittedTwoCovariance:
    """In axes where W is the identity and B diagonal, everything is a sum over axes, and over voices two products."""

    mean: FloatArray  # (dim,)
    axes: FloatArray  # (dim, dim), rows
    stranger: FloatArray  # (dim,), one over the variance of a stranger's query
    precision: FloatArray  # (voices, dim), one over the variance of a query of each voice
    expected: FloatArray  # (2, voices, dim), a query of each voice, without and with what they have in common
    constant: FloatArray  # (voices,)
    common: FloatArray  # (dim,), what they have in common
    evidence: float  # how probable it is that they have something
    usual: Doubles  # (2, voices), the mean of strangers' ratios, of a full band and over a telephone
    spread: Doubles  # (2, voices), their standard deviation, over SPREAD

    def similarities(self, queries: FloatArray, narrow: ArrayLike = False) -> FloatArray:
        """Natural log-likelihood ratios; where they are normalised, 0 is what a stranger gets on average."""
        band = np.broadcast_to(np.asarray(narrow, np.int64), len(queries))
        return np.asarray((self.ratios(queries) - self.usual[band]) / self.spread[band], np.float32)

    def ratios(self, queries: FloatArray) -> Doubles:
        """Natural log-likelihood ratios (m, voices): above 0 the voice explains the query better than a stranger does."""
        placed = (queries - self.mean) @ self.axes.T  # (m, dim)
        squares = np.square(placed)
        far = -(squares @ self.precision.T) / 2 + self.constant
        voice = [far + placed @ (expected * self.precision).T - (np.square(expected) * self.precision).sum(axis=1) / 2
                 for expected in self.expected]
        stranger = [-(np.square(placed - place) @ self.stranger) / 2 for place in (np.zeros_like(self.common), self.common)]
        return np.asarray(_either(voice[0], voice[1], self.evidence / 2)
                          - _either(stranger[0], stranger[1], self.evidence * ALIKE)[:, None], np.float64)


def _either(first: Doubles, second: Doubles, share: float) -> Doubles:
    """The logarithm of a likelihood that is the second with a probability of `share`, or the first."""
    if share < LEAST_SHARE:
        return first
    return np.asarray(np.logaddexp(first + np.log1p(-share), second + np.log(share)))


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
        common, evidence = _in_common(means, counts, spread)
        if enrolled.voices < LEAST_VOICES and not background.z_norm:
            evidence = 0.0
        kept = counts * spread / (counts * spread + 1)
        variance = spread / (counts * spread + 1) + 1  # of a query of the voice, given its samples
        expected = np.stack([centre + (means - centre) * kept for centre in (np.zeros_like(common), common)])
        constant = 0.5 * (np.log1p(spread).sum() - np.log(variance).sum(axis=1))
        plain = FittedTwoCovariance(_float32(background.mean), _float32(axes), _float32(1 / (spread + 1)), _float32(1 / variance),
                                    _float32(expected), _float32(constant), _float32(common), evidence,
                                    np.zeros((2, enrolled.voices)), np.ones((2, enrolled.voices)))
        if not background.z_norm:
            return plain
        reached = np.stack([plain.ratios(strangers) for strangers in (background.strangers, background.called)])
        return replace(plain, usual=reached.mean(axis=1), spread=reached.std(axis=1) / SPREAD)


def _float32(values: Doubles) -> FloatArray:
    return np.asarray(values, np.float32)


def _in_common(means: Doubles, counts: Doubles, spread: Doubles) -> tuple[Doubles, float]:
    """(what the voices have in common, float64 (dim,); how probable it is that they have something).

    means: (voices, dim), along axes where W is the identity. counts: (voices, 1). spread: (dim,), B along them.
    """
    precision = 1 / (spread + 1 / counts)  # of a voice's mean, around what is common
    total = precision.sum(axis=0)
    mean = (precision * means).sum(axis=0) / total
    gain = COMMON * spread * total
    ratio = 0.5 * float((np.square(mean) * total * gain / (gain + 1) - np.log1p(gain)).sum())  # of the likelihoods, a logarithm
    return mean * gain / (gain + 1), float(1 / (1 + np.exp(-np.clip(ratio, -MOST_NATS, MOST_NATS))))
