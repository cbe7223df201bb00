"""The tag bridge: a text–audio space that needs no training.

A sound is the square root of its mean tag probabilities (YAMNet, 521 AudioSet classes); a text is a softmax, with
temperature 0.05, over the cosines of its MiniLM vector to the names of those classes. Both are scaled to unit norm, so
that likeness is a dot product. The constants were chosen on ESC-10; tests/benchmarks/bridge.py prints the table.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np

from engine.encoders import pooling, sound, text
from engine.encoders.protocols import HOP_S, SPAN_S, SoundAnalysis
from engine.records import Audio, EncoderSpec, FloatArray, Tag
from engine.weights import Weights

DIM = 521
TEMPERATURE = 0.05
POWER = 0.5
TAGS = 5


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

    def reads(self, text: str) -> bool:
        """See TextReader."""
        return self._texts.reads(text)

    def analyse(self, blocks: Iterator[FloatArray]) -> SoundAnalysis:
        """See TextAudioEncoder. Raises what reading the blocks raises, and ShapeError."""
        found = self.analyse_many([blocks])[0]
        if isinstance(found, Exception):
            raise found
        return found

    def analyse_many(self, sounds: Sequence[Iterator[FloatArray]]) -> list[SoundAnalysis | Exception]:
        """See TextAudioEncoder."""
        return [found if isinstance(found, Exception) else self._analysis(found)
                for found in pooling.pooled(self._sounds, sounds)]

    def heard(self, audio: Audio, count: int = 3) -> tuple[Tag, ...]:
        """See TagListener."""
        return self._sounds.heard(audio, count)

    def _analysis(self, found: pooling.Pooled) -> SoundAnalysis:
        probabilities = found.mean[pooling.PROBABILITIES]  # (spans, 521)
        return SoundAnalysis(found.spans, _unit(probabilities ** POWER),
                             self._sounds.tags(probabilities.max(axis=0), TAGS), found.duration_s)


def _unit(rows: FloatArray) -> FloatArray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
