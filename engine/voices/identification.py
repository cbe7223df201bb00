"""Who is it: the nearest centroid, a threshold, and a margin over the runner-up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.errors import ShapeError, UsageError
from engine.index import unit_mean
from engine.records import Candidate, Embedding, FloatArray, Identification, IdentificationStatus, Sample, Voice

MIN_SPEECH_S = 1.0
"""Less net speech than this gives no identity."""


def centroid(vectors: FloatArray) -> FloatArray:
    """The unit-norm mean of unit-norm samples: float32 (samples, dim) → (dim,). Raises ShapeError as `unit_mean`."""
    return unit_mean(np.asarray(vectors, np.float32))


class Identifier:
    """Frozen centroids of one encoder spec, ready to compare. Immutable, so any thread may use it."""

    def __init__(self, voices: Sequence[Voice], samples: Sequence[Sample], threshold: float, margin: float,
                 measure: str = "cosine") -> None:
        """voices without samples are left out. measure: "cosine" or "dot" (see `similarities`)."""
        if measure not in ("cosine", "dot"):
            raise UsageError(f"Voices are compared by cosine or dot, not by {measure}.")
        by_voice: dict[int, list[Sample]] = {}
        for sample in samples:
            by_voice.setdefault(sample.voice_id, []).append(sample)
        self.voices = [v for v in voices if v.id in by_voice]
        self.threshold, self.margin, self.measure = threshold, margin, measure
        groups = [by_voice[v.id] for v in self.voices]
        self.centroids = np.array([centroid(np.array([s.embedding.vector for s in group])) for group in groups],
                                  np.float32)  # (voices, dim)
        self._raw = np.array([np.mean([s.embedding.raw for s in group], axis=0) for group in groups], np.float32)
        norms = [s.embedding.norm for group in groups for s in group]
        self._scale = float(np.mean(np.square(norms))) if norms else 1.0

    def similarities(self, query: Embedding) -> FloatArray:
        """Similarity to every voice, float32 (voices,), in the order of `voices`.

        cosine: of the query and the centroid. dot: the dot product of what the net gave before normalisation, with the
        mean of the samples as they were, in units of the mean squared length of all samples, so that the same
        threshold can be read against it. A voice whose samples are longer, or closer together, gets more: that is what
        scale does.
        """
        if not self.voices:
            return np.zeros(0, np.float32)
        if not np.isfinite(query.vector).all() or abs(float(np.linalg.norm(query.vector)) - 1) > 1e-3:
            raise ShapeError("A query is a unit vector of finite numbers.")
        if self.measure == "cosine":
            return self.centroids @ query.vector
        return (self._raw @ query.raw) / np.float32(self._scale)

    def identify(self, query: Embedding, speech_s: float) -> Identification:
        """Name a query. speech_s: seconds of net speech behind it.

        match: similar enough and far enough ahead of the runner-up. tentative: similar enough, but the runner-up is
        close. With one voice the margin is None and the threshold alone decides; with none, everything is unknown.
        """
        if speech_s < MIN_SPEECH_S:
            return nobody("too-short", speech_s)
        values = self.similarities(query)
        if not len(values):
            return nobody("unknown", speech_s)
        order = np.argsort(-values, kind="stable")
        candidates = tuple(Candidate(self.voices[i].id, self.voices[i].name, self.voices[i].colour, float(values[i]))
                           for i in order)
        best = candidates[0]
        margin = best.similarity - candidates[1].similarity if len(candidates) > 1 else None
        status: IdentificationStatus
        if best.similarity < self.threshold:
            status = "unknown"
        elif margin is not None and margin < self.margin:
            status = "tentative"
        else:
            status = "match"
        return Identification(status, best.voice if status == "match" else None, best.voice, best.similarity, margin,
                              speech_s, candidates)


def nobody(status: IdentificationStatus, speech_s: float) -> Identification:
    """An identification that compares nothing."""
    return Identification(status, None, None, None, None, speech_s)
