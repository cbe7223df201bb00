"""Who is it: the nearest voice by the chosen back-end, a threshold, and a margin over the runner-up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.errors import ShapeError, UsageError
from engine.index import unit_mean
from engine.records import Candidate, Embedding, FloatArray, Identification, IdentificationStatus, MarginUnit, Sample, Voice
from engine.voices.backends import Enrolled
from engine.voices.backends.scale import USUAL_S
from engine.voices.choice import Method, choose

MIN_SPEECH_S = 1.0
"""Less net speech than this gives no identity."""


def centroid(vectors: FloatArray) -> FloatArray:
    """The unit-norm mean of unit-norm samples: float32 (samples, dim) → (dim,). Raises ShapeError as `unit_mean`."""
    return unit_mean(np.asarray(vectors, np.float32))


class Identifier:
    """Frozen voices of one encoder spec, ready to compare. Immutable, so any thread may use it."""

    def __init__(self, voices: Sequence[Voice], samples: Sequence[Sample], threshold: float, margin: float,
                 measure: str = "cosine", method: Method | None = None) -> None:
        """voices without samples are left out. measure: "cosine" compares directions by `method` (default: cosine to the
        centroid), "dot" compares what the net gave before normalisation (see `similarities`). margin: in `margin_unit`."""
        if measure not in ("cosine", "dot"):
            raise UsageError(f"Voices are compared by cosine or dot, not by {measure}.")
        by_voice: dict[int, list[Sample]] = {}
        for sample in samples:
            by_voice.setdefault(sample.voice_id, []).append(sample)
        self.voices = [v for v in voices if v.id in by_voice]
        self.threshold, self.margin, self.measure = threshold, margin, measure
        self.method = method or choose("cosine", None)
        groups = [by_voice[v.id] for v in self.voices]
        self.centroids = np.array([centroid(np.array([s.embedding.vector for s in group])) for group in groups],
                                  np.float32)  # (voices, dim)
        self._raw = np.array([np.mean([s.embedding.raw for s in group], axis=0) for group in groups], np.float32)
        norms = [s.embedding.norm for group in groups for s in group]
        self._scale = float(np.mean(np.square(norms))) if norms else 1.0
        self._fitted = self.method.backend.fit(Enrolled(
            np.array([s.embedding.vector for group in groups for s in group], np.float32),
            np.repeat(np.arange(len(groups)), [len(group) for group in groups]), len(groups)),
            self.method.background) if groups and measure == "cosine" else None

    @property
    def margin_unit(self) -> MarginUnit:
        """What margin is measured in; see `margin_unit_of`."""
        return margin_unit_of(self.method, self.measure)

    def similarities(self, query: Embedding, speech_s: float = USUAL_S, snr_db: float | None = None,
                     narrow: bool = False) -> FloatArray:
        """Similarity to every voice, float32 (voices,), in the order of `voices`.

        cosine: what the back-end says, which may know a telephone's band (narrow), on its scale where it has one; a scale asks
        more of long queries (speech_s), and knows noise. dot: the dot product of what the net gave before normalisation, with
        the mean of the samples as they were, in units of the mean squared length of all samples, so that a cosine's threshold
        can be read against it. A voice whose samples are longer, or closer together, gets more: that is what scale does.
        """
        return self._shown(self._compare(query, narrow), speech_s, snr_db)

    def _shown(self, raw: FloatArray, speech_s: float, snr_db: float | None) -> FloatArray:
        scale = self.method.scale if self.measure == "cosine" else None
        return raw if scale is None else scale.apply(raw, speech_s, snr_db)

    def _compare(self, query: Embedding, narrow: bool) -> FloatArray:
        if not self.voices:
            return np.zeros(0, np.float32)
        if not np.isfinite(query.vector).all() or abs(float(np.linalg.norm(query.vector)) - 1) > 1e-3:
            raise ShapeError("A query is a unit vector of finite numbers.")
        if self._fitted is None:
            return (self._raw @ query.raw) / np.float32(self._scale)
        return self._fitted.similarities(query.vector[None], narrow)[0]

    def probability(self, query: Embedding, speech_s: float, snr_db: float | None = None, narrow: bool = False) -> float | None:
        """How probable it is that the nearest voice speaks rather than a stranger, at even odds; None without calibration."""
        if not self.voices or self._fitted is None or self.method.calibration is None:
            return None
        return self.method.calibration.probability(float(self._compare(query, narrow).max()), speech_s, snr_db, narrow)

    def identify(self, query: Embedding, speech_s: float, snr_db: float | None = None, narrow: bool = False) -> Identification:
        """Name a query. speech_s: seconds of net speech behind it; snr_db: over its noise, where that is known. narrow: it comes
        through a telephone's band.

        match: similar enough and far enough ahead of the runner-up. tentative: similar enough, but the runner-up is
        close. With one voice the margin is None and the threshold alone decides; with none, everything is unknown.
        The order and the margin come from what the back-end gave, not from the scale 0 to 1, whose ends are flat.
        """
        if speech_s < MIN_SPEECH_S:
            return nobody("too-short", speech_s)
        raw = self._compare(query, narrow)
        if not len(raw):
            return nobody("unknown", speech_s)
        values = self._shown(raw, speech_s, snr_db)
        order = np.argsort(-raw, kind="stable")
        candidates = tuple(Candidate(self.voices[i].id, self.voices[i].name, self.voices[i].colour, float(values[i]))
                           for i in order)
        best = candidates[0]
        margin = self._lead(raw[order[0]], raw[order[1]]) if len(order) > 1 else None
        status: IdentificationStatus
        if best.similarity < self.threshold:
            status = "unknown"
        elif margin is not None and margin < self.margin:
            status = "tentative"
        else:
            status = "match"
        return Identification(status, best.voice if status == "match" else None, best.voice, best.similarity, margin,
                              speech_s, candidates, self.probability(query, speech_s, snr_db, narrow), self.margin_unit)

    def _lead(self, best: FloatArray, second: FloatArray) -> float:
        return float(self.method.lead(best, second)) if self.measure == "cosine" else float(best - second)


def margin_unit_of(method: Method, measure: str) -> MarginUnit:
    """nats for a back-end that gives log-likelihoods; similarity for the others and for dot products."""
    return method.margin_unit if measure == "cosine" else "similarity"


def nobody(status: IdentificationStatus, speech_s: float) -> Identification:
    """An identification that compares nothing."""
    return Identification(status, None, None, None, None, speech_s)
