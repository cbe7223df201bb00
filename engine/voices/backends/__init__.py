"""Back-ends: ways to compare a query with the enrolled voices, one a file. `protocol.py` says what they have in common."""

from __future__ import annotations

from engine.errors import UsageError
from engine.voices.backends.centroid import Centroid
from engine.voices.backends.lda import Lda
from engine.voices.backends.logistic import Logistic
from engine.voices.backends.protocol import Backend, Background, Enrolled, Fitted
from engine.voices.backends.s_norm import SNorm
from engine.voices.backends.samples import Samples
from engine.voices.backends.scale import Scale
from engine.voices.backends.svm import Svm
from engine.voices.backends.two_covariance import TwoCovariance

__all__ = ["Backend", "Background", "Enrolled", "Fitted", "Scale", "all_backends", "make"]


def all_backends() -> list[Backend]:
    """Every back-end, the plain one first."""
    return [Centroid(), Samples(1), Samples(), SNorm(), Lda(), Logistic(), Svm(), TwoCovariance()]


def make(name: str) -> Backend:
    """A back-end by its name. Raises UsageError."""
    for backend in all_backends():
        if backend.name == name:
            return backend
    raise UsageError(f"There is no back-end “{name}”; there are {', '.join(b.name for b in all_backends())}.")
