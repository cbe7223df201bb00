"""Calibration on one's own voices: how often would a threshold refuse friends, and let in strangers?

One take of every voice is left out at a time, the back-end learns the rest, and the samples of the takes that were left out
ask. Genuine: their similarity to their own voice. Impostors: their highest similarity to any other voice, and that of the
strangers of the background to any voice. Samples of one take are not independent of each other, so intervals count takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.metrics import verification
from engine.metrics.intervals import wilson_ci95
from engine.records import FloatArray, Sample
from engine.voices.backends import Enrolled
from engine.voices.choice import Method
from engine.voices.takes import SAMPLE_S

FALSE_ACCEPTS = 0.01
"""What the suggested threshold allows."""
LEAST_TAKES = 10  # left out, below which the refusals say too little: one in ten is not told from one in three
LEAST_IMPOSTORS = 30  # takes of other voices and strangers
MOST_ROUNDS = 12  # takes left out of one voice


@dataclass(frozen=True)
class Rates:
    """What a threshold does: shares of impostors let in and of own speech refused, each with a 95 % interval."""

    threshold: float
    false_accept: float
    false_accept_ci95: tuple[float, float]
    false_reject: float
    false_reject_ci95: tuple[float, float]


@dataclass(frozen=True)
class OwnCalibration:
    """genuine, impostor: similarities, float32 (n,), (m,), rising. thresholds, far, frr: the curves over the threshold,
    float64 (points,), which drawn against each other are the DET curve. takes: left out in turn; impostors: takes of other
    voices and strangers that asked. suggested: None where there is too little to tell, and then `why` is a sentence.
    """

    genuine: FloatArray
    impostor: FloatArray
    thresholds: np.ndarray
    far: np.ndarray
    frr: np.ndarray
    voices: int
    takes: int
    impostors: int
    eer: float | None
    suggested: float | None
    why: str

    @property
    def strangers(self) -> int:
        """How many strangers of the background asked; the other impostors are takes of other voices."""
        return self.impostors - (self.takes if self.voices > 1 else 0)

    def over(self, thresholds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """False accepts and false rejects at thresholds that need not be operating points: (points,) → two of (points,)."""
        at = np.asarray(thresholds, np.float32)
        return (1 - np.searchsorted(self.impostor, at, side="left") / max(1, len(self.impostor)),
                np.searchsorted(self.genuine, at, side="left") / max(1, len(self.genuine)))

    def at(self, threshold: float) -> Rates | None:
        """The rates of any threshold; None where nothing could be compared."""
        if not len(self.genuine) or not len(self.impostor):
            return None
        far, frr = verification.rates_at(self.genuine, self.impostor, threshold)
        return Rates(threshold, far, _interval(far, self.impostors), frr, _interval(frr, self.takes))


def _interval(rate: float, count: int) -> tuple[float, float]:
    """Wilson's interval, as if `count` independent trials had given this rate."""
    return wilson_ci95(round(rate * count), count)


def calibrate(samples: Sequence[Sample], method: Method) -> OwnCalibration:
    """Measure a back-end on the user's own samples (of enrolled voices, one encoder spec)."""
    owners = sorted({s.voice_id for s in samples})
    takes = {v: sorted({s.take_id for s in samples if s.voice_id == v}) for v in owners}
    genuine: list[float] = []
    impostor: list[float] = []
    asked: set[int] = set()
    strangers = _strangers(method)
    for number in range(min(MOST_ROUNDS, max(map(len, takes.values()), default=0))):
        out = {takes[v][number] for v in owners if len(takes[v]) > 1 and number < len(takes[v])}
        kept = [s for s in samples if s.take_id not in out]
        left = [s for s in samples if s.take_id in out]
        if not left:
            break
        found = _similarities(kept, owners, method, np.array([s.embedding.vector for s in left], np.float32),
                              np.array([s.speech_s for s in left]))
        own = np.array([owners.index(s.voice_id) for s in left])
        rows = np.arange(len(left))
        genuine += found[rows, own].tolist()
        if len(owners) > 1:
            found[rows, own] = -np.inf
            impostor += found.max(axis=1).tolist()
        asked |= out
    alone = {s.take_id for s in samples} if len(owners) > 1 else set()
    if owners and strangers is not None:
        impostor += _similarities(samples, owners, method, strangers, np.full(len(strangers), SAMPLE_S)).max(axis=1).tolist()
    others = len(asked & alone) + (len(strangers) if strangers is not None else 0)
    return _judged(np.sort(np.array(genuine, np.float32)), np.sort(np.array(impostor, np.float32)), len(owners), len(asked),
                   others)


def _strangers(method: Method) -> FloatArray | None:
    return None if method.background is None else method.background.strangers


def _similarities(samples: Sequence[Sample], owners: list[int], method: Method, queries: FloatArray,
                  seconds: np.ndarray) -> FloatArray:
    place = {v: n for n, v in enumerate(owners)}
    fitted = method.backend.fit(Enrolled(np.array([s.embedding.vector for s in samples], np.float32),
                                         np.array([place[s.voice_id] for s in samples]), len(owners)), method.background)
    raw = fitted.similarities(queries)
    return raw if method.scale is None else method.scale.apply(raw, seconds[:, None])


def _judged(genuine: FloatArray, impostor: FloatArray, voices: int, takes: int, impostors: int) -> OwnCalibration:
    if not len(genuine) or not len(impostor):
        why = ("No voice has two takes yet: to measure, each take is left out once. Enroll more takes." if not len(genuine)
               else "There is nobody to mistake them for: enroll a second voice.")
        none = np.zeros(0)
        return OwnCalibration(genuine, impostor, none, none, none, voices, takes, impostors, None, None, why)
    thresholds, far, frr = verification.error_rates(genuine, impostor)
    eer, _ = verification.eer(genuine, impostor)
    why = ""
    if takes < LEAST_TAKES:
        why = f"Too little to tell: {takes} takes could be left out, {LEAST_TAKES} are needed. Enroll more takes."
    elif impostors < LEAST_IMPOSTORS:
        why = f"Too little to tell: {impostors} takes of others asked, {LEAST_IMPOSTORS} are needed. Enroll more voices."
    return OwnCalibration(genuine, impostor, thresholds, far, frr, voices, takes, impostors, eer,
                          None if why else _suggested(genuine, impostor, thresholds, far), why)


def _suggested(genuine: FloatArray, impostor: FloatArray, thresholds: np.ndarray, far: np.ndarray) -> float:
    """The lowest threshold that lets in one impostor in a hundred; midway where impostors and friends lie apart."""
    if genuine[0] > impostor[-1]:
        return float((genuine[0] + impostor[-1]) / 2)
    return float(thresholds[int(np.argmax(far <= FALSE_ACCEPTS))])
