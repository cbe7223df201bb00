"""Which back-end compares voices, with what belongs to it for the encoder in use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.records import FloatArray, MarginUnit
from engine.voices.backends import Backend, Background, Scale, make
from engine.voices.backends.centroid import Centroid
from engine.voices.cohort import Cohort
from engine.voices.probability import Calibration

PLAIN_SCALE = Scale(0.75, 0.06)
"""Cosine to the centroid on the scale of the other back-ends, for an encoder without cohort statistics."""
BOUNDED = ("cosine", "best", "top")
"""Back-ends whose similarity is a cosine and is shown as it is."""


@dataclass(frozen=True)
class Method:
    """A back-end ready to be fitted. scale: None shows similarities as they are. instead_of: the back-end that was asked for
    and cannot be used with this encoder, because there are no cohort statistics for it; or empty."""

    backend: Backend
    background: Background | None = None
    scale: Scale | None = None
    calibration: Calibration | None = None
    instead_of: str = ""

    @property
    def margin_unit(self) -> MarginUnit:
        """nats where the back-end gives log-likelihoods, else similarity."""
        return "nats" if self.backend.log_likelihood else "similarity"

    def lead(self, best: FloatArray, second: FloatArray) -> FloatArray:
        """How far one voice lies ahead of another, in margin_unit, from what the back-end gave for both (any shape).

        Where a scale shows what the back-end gives as 0 to 1, both ends of it are flat: two numbers near 1 say nothing of how
        far apart they are. So the lead is measured before the scale, in its units at the threshold.
        """
        ahead = np.asarray(best, np.float32) - np.asarray(second, np.float32)
        return ahead if self.scale is None or self.backend.log_likelihood else ahead * np.float32(self.scale.steepest)


def choose(name: str, cohort: Cohort | None) -> Method:
    """The back-end of that name; cosine to the centroid in its place where it needs statistics that are not there.

    Raises UsageError for a name that is none.
    """
    backend = make(name)
    if cohort is None:
        if backend.needs_background:
            return Method(Centroid(), scale=PLAIN_SCALE, instead_of=backend.title)
        return Method(backend)
    return Method(backend, cohort.background, None if name in BOUNDED else cohort.scales.get(name),
                  cohort.calibrations.get(name))
