"""The tag bridge: a text–audio space that needs no training.

A sound is the square root of its mean tag probabilities (YAMNet, 521 AudioSet classes); a text is a softmax, with
temperature 0.05, over the cosines of its MiniLM vector to the names of those classes. Both are scaled to unit norm, so
that likeness is a dot product. The constants were chosen on ESC-10; tests/benchmarks/bridge.py prints the table.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from engine.encoders import sound, text
from engine.encoders.protocols import HOP_S, SPAN_S, SoundAnalysis
from engine.errors import EarmarkError, ShapeError
from engine.records import Audio, EncoderSpec, FloatArray, Span, Tag
from engine.weights import Weights

if TYPE_CHECKING:
    from torch import Tensor

DIM = 521
TEMPERATURE = 0.05
POWER = 0.5
TAGS = 5
_PER_SPAN = round(SPAN_S / HOP_S)


def spec(weights: Weights) -> EncoderSpec:
    """The spec of this encoder, without loading it. Its hash covers both encoders and the constants."""
    parts = (weights.sha256("yamnet"), weights.sha256("minilm"), TEMPERATURE, POWER, SPAN_S, HOP_S, sound.PATCH_HOP)
    digest = hashlib.sha256(repr(parts).encode()).hexdigest()
    return EncoderSpec("tag bridge", "1", digest, "joint", DIM, sound.RATE_HZ)


class TagBridge:
    """TextAudioEncoder over YAMNet and MiniLM. Thread-safe."""

    def __init__(self, weights: Weights, sounds: sound.YAMNetEncoder, texts: text.MiniLMEncoder) -> None:
        self.spec = spec(weights)
        self._sounds, self._texts = sounds, texts
        self._names = texts.embed(sounds.classes)  # (521, 384)

    def embed_texts(self, texts: Sequence[str]) -> FloatArray:
        """See TextAudioEncoder."""
        cosines = self._texts.embed(texts) @ self._names.T  # (n, 521)
        weights = np.exp((cosines - cosines.max(axis=1, keepdims=True)) / TEMPERATURE)
        return _unit(weights)

    def analyse(self, blocks: Iterator[FloatArray]) -> SoundAnalysis:
        """See TextAudioEncoder. Raises what reading the blocks raises, and ShapeError."""
        found = self.analyse_many([blocks])[0]
        if isinstance(found, Exception):
            raise found
        return found

    def analyse_many(self, sounds: Sequence[Iterator[FloatArray]]) -> list[SoundAnalysis | Exception]:
        """See TextAudioEncoder."""
        results: list[SoundAnalysis | Exception | None] = [None] * len(sounds)
        batch = _Batch(self._sounds)
        means = []
        for place, blocks in enumerate(sounds):
            mean = _SpanMeans()
            stream = self._sounds.patches()
            try:
                for block in blocks:
                    for patches in stream.push(block):
                        batch.add(mean, patches)
                for patches in stream.finish():
                    batch.add(mean, patches)
            except EarmarkError as error:
                results[place] = error
            mean.samples = stream.samples
            means.append(mean)
        batch.flush()
        return [self._analysis(mean) if result is None else result
                for mean, result in zip(means, results, strict=True)]

    def heard(self, audio: Audio, count: int = 3) -> tuple[Tag, ...]:
        """See TagListener."""
        return self._sounds.heard(audio, count)

    def _analysis(self, mean: _SpanMeans) -> SoundAnalysis:
        duration_s = mean.samples / sound.RATE_HZ
        spans = spans_of(duration_s)
        probabilities = mean.result(len(spans))
        return SoundAnalysis(spans, _unit(probabilities ** POWER), self._sounds.tags(probabilities.max(axis=0), TAGS),
                             duration_s)


def spans_of(duration_s: float) -> tuple[Span, ...]:
    """10 s long, one every 5 s, the last one ending with the sound; a shorter sound is one span."""
    count = max(1, int(np.ceil((duration_s - SPAN_S) / HOP_S - 1e-9)) + 1)
    return tuple(Span(k * HOP_S, min(k * HOP_S + SPAN_S, duration_s)) for k in range(count))


class _SpanMeans:
    """Means of tag probabilities by span, filled as patches come. A patch belongs to the spans that hold its centre."""

    def __init__(self) -> None:
        self.samples = 0
        self._patches = 0
        self._sums = np.zeros((0, DIM), np.float64)
        self._counts = np.zeros(0, np.int64)

    def add(self, probabilities: FloatArray) -> None:
        """probabilities: float32 (n, 521) of the next n patches."""
        numbers = self._patches + np.arange(len(probabilities))
        self._patches += len(probabilities)
        centres_s = (numbers * sound.STEP + sound.PATCH / 2) / sound.RATE_HZ
        last = (centres_s // HOP_S).astype(int)  # the latest span that has begun
        grown = last[-1] + 1 - len(self._counts)
        if grown > 0:
            self._sums = np.vstack([self._sums, np.zeros((grown, DIM))])
            self._counts = np.concatenate([self._counts, np.zeros(grown, np.int64)])
        for back in range(_PER_SPAN):
            rows = last - back
            inside = rows >= 0
            np.add.at(self._sums, rows[inside], probabilities[inside])
            np.add.at(self._counts, rows[inside], 1)

    def result(self, spans: int) -> FloatArray:
        """float32 (spans, 521). A span in which no patch has its centre takes the one before it."""
        if not len(self._counts) or not self._counts[0]:
            raise ShapeError("There is no sound in it.")
        means = np.zeros((spans, DIM))
        for row in range(spans):
            filled = row < len(self._counts) and self._counts[row]
            means[row] = self._sums[row] / self._counts[row] if filled else means[row - 1]
        return means.astype(np.float32)


class _Batch:
    """Collects patches of several sounds and runs the net when there are enough."""

    def __init__(self, encoder: sound.YAMNetEncoder) -> None:
        self._encoder = encoder
        self._parts: list[tuple[_SpanMeans, Tensor]] = []
        self._count = 0

    def add(self, owner: _SpanMeans, patches: Tensor) -> None:
        self._parts.append((owner, patches))
        self._count += len(patches)
        if self._count >= self._encoder.batch:
            self.flush()

    def flush(self) -> None:
        import torch

        if not self._parts:
            return
        _, probabilities = self._encoder.run(torch.cat([patches for _, patches in self._parts]))
        start = 0
        for owner, patches in self._parts:
            owner.add(probabilities[start:start + len(patches)])
            start += len(patches)
        self._parts, self._count = [], 0


def _unit(rows: FloatArray) -> FloatArray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
