"""An encoder in which every text has a direction of its own, so that a test can say how near it is to a sound."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import pytest

from engine.records import EncoderSpec, FloatArray

DIM = 8


class Directions:
    """Texts → unit vectors: those named in `known`, for others one drawn from the text itself. Counts the texts it embeds."""

    def __init__(self, known: dict[str, Sequence[float]] | None = None, name: str = "directions") -> None:
        self.spec = EncoderSpec(name, "1", hashlib.sha256(name.encode()).hexdigest(), "joint", DIM, 16_000)
        self._known = known or {}
        self.embedded: list[str] = []

    def embed_texts(self, texts: Sequence[str]) -> FloatArray:
        self.embedded += texts
        return np.array([self._one(text) for text in texts], np.float32).reshape(len(texts), DIM)

    def _one(self, text: str) -> FloatArray:
        found = np.zeros(DIM)
        if text in self._known:
            found[:len(self._known[text])] = self._known[text]
        else:
            found = np.random.default_rng(list(text.encode())).normal(size=DIM)
        return np.asarray(found / np.linalg.norm(found), np.float32)


def sound(*spans: Sequence[float]) -> FloatArray:
    """A sound by its spans, each by its first numbers: float32 (spans, DIM), unit rows."""
    rows = np.zeros((len(spans), DIM), np.float32)
    for row, numbers in zip(rows, spans, strict=True):
        row[:len(numbers)] = numbers
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def directions() -> Directions:
    return Directions({"rain": [1], "wind": [0, 1], "dog": [0, 0, 1]})
