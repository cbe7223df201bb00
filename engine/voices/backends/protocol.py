"""What a back-end is: it learns the enrolled samples, and then says how much a query is like each voice.

A back-end only stores its parameters; `fit` returns a new, immutable object, so any thread may use it while the next one
is fitted. All vectors are of one encoder spec.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.index import unit
from engine.records import FloatArray

IntArray = NDArray[np.int64]
Doubles = NDArray[np.float64]

WEIGHT = 50.0  # degrees of freedom that `within` counts for
SHRINKAGE = 0.5  # of it, towards a sphere


@dataclass(frozen=True)
class Enrolled:
    """The samples of all voices. vectors: float32 (n, dim), unit rows; owner: int64 (n,), 0 to voices − 1, each at least once."""

    vectors: FloatArray
    owner: IntArray
    voices: int

    @property
    def counts(self) -> IntArray:
        """Samples of each voice, int64 (voices,)."""
        return np.bincount(self.owner, minlength=self.voices)

    def means(self) -> Doubles:
        """Mean of each voice's samples, float64 (voices, dim)."""
        sums = np.zeros((self.voices, self.vectors.shape[1]))
        np.add.at(sums, self.owner, self.vectors.astype(np.float64))
        return sums / self.counts[:, None]


@dataclass(frozen=True)
class Background:
    """What is known of people who are not enrolled, for one encoder spec; it holds nobody's voiceprint.

    mean: float64 (dim,). within, between: float64 (dim, dim), covariance of one person's samples and of people's means.
    strangers: float32 (s, dim), unit rows, synthetic samples of people who do not exist, for score normalisation. weight,
    shrinkage: how `within` is adapted to the enrolled samples (see `scatter`), as chosen for the encoder. channel: float64
    (k, dim), orthonormal rows: along these rooms, microphones and codecs move a vector, whoever speaks. z_norm: the strangers are
    so like real ones that what a voice gives them says what it gives those (see `two_covariance`). telephone: float64 (dim,),
    what a telephone's band adds to a vector, whoever speaks, or None where that is not known.
    """

    mean: Doubles
    within: Doubles
    between: Doubles
    strangers: FloatArray
    weight: float = WEIGHT
    shrinkage: float = SHRINKAGE
    channel: Doubles | None = None
    z_norm: bool = False
    telephone: Doubles | None = None

    @property
    def called(self) -> FloatArray:
        """The strangers as they are over a telephone, float32 (s, dim), unit rows."""
        return self.strangers if self.telephone is None else unit((self.strangers + self.telephone).astype(np.float32))


class Fitted(Protocol):
    """A back-end that has learned the voices."""

    def similarities(self, queries: FloatArray, narrow: ArrayLike = False) -> FloatArray:
        """queries: float32 (m, dim), unit rows. narrow: which come through a telephone's band, bool (m,) or one for all; few
        back-ends make use of it. Returns float32 (m, voices), rising with likeness."""
        ...


class Backend(Protocol):
    """A way to compare a query with voices.

    needs_background: it cannot be fitted without one. log_likelihood: the difference of two voices' similarities is the natural
    logarithm of how many times as likely one is as the other.
    """

    name: str
    title: str
    needs_background: bool
    log_likelihood: bool

    def fit(self, enrolled: Enrolled, background: Background | None) -> Fitted: ...
