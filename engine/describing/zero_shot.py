"""Zero-shot classification: which label's text is nearest to a sound, and whether any of them fits at all.

*None fits* compares the best label with captions of all kinds of sounds (`resources/captions.txt`): where more than SHARE of
them are nearer to the sound than the best label, the sound is something that the labels do not name. A share of ranks
needs no threshold on similarities, whose scale differs from encoder to encoder. tests/benchmarks/none_fits.py prints the
table that the rule and its constant were chosen by: ESC-10 with one class after the other left out of the labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.describing.lists import folded
from engine.encoders.protocols import TextAudioEncoder, TextReader
from engine.errors import ShapeError, UsageError
from engine.records import FloatArray

TEMPLATE = "{label}"
"""How a label becomes a text; tests/benchmarks/bridge.py prints how others do."""
TEMPERATURE = 0.03
"""Of the softmax that makes probabilities of similarities, for encoders that bring none: the best likelihood on ESC-10."""
SHARE = 0.06
LONGEST = 200
"""Characters of a template. CLAP's text encoder reads 77 tokens, MiniLM 256."""


@dataclass(frozen=True)
class Ranked:
    """One label. span: index of the span that is nearest to it; probability: among the given labels, summing to 1 over all."""

    label: str
    similarity: float
    probability: float
    span: int


@dataclass(frozen=True)
class Ranking:
    """best: the k nearest labels, nearest first. nearer: share 0–1 of the background nearer than the best label, None without
    one. fits: False where that is more than SHARE."""

    best: tuple[Ranked, ...]
    nearer: float | None

    @property
    def fits(self) -> bool:
        return self.nearer is None or self.nearer <= SHARE


class LabelMatcher:
    """Labels in the space of an encoder."""

    def __init__(self, encoder: TextAudioEncoder, labels: Sequence[str], texts: Sequence[str] | None = None,
                 template: str = TEMPLATE, background: FloatArray | None = None) -> None:
        """texts: what stands for {label} in the template, label by label (default: the labels). background: vectors of general
        captions, float32 (n, dim). Raises UsageError: no label, a label twice, a template without {label}."""
        if not labels:
            raise UsageError("There is no label. Give at least one.")
        if len(set(labels)) != len(labels):
            raise UsageError("A label is named twice.")
        template = checked_template(template)
        self.labels = tuple(labels)
        self.vectors = encoder.embed_texts([template.replace("{label}", text) for text in (texts or labels)])  # (labels, dim)
        self._background = background
        self._temperature = float(getattr(encoder, "temperature", TEMPERATURE))

    def similarities(self, vectors: FloatArray) -> FloatArray:
        """float32 (n, labels) for vectors (n, dim)."""
        if vectors.ndim != 2 or vectors.shape[1] != self.vectors.shape[1]:
            raise ShapeError(f"Vectors of this space have {self.vectors.shape[1]} dimensions, not the shape {vectors.shape}.")
        found: FloatArray = vectors @ self.vectors.T
        return found

    def rank(self, vectors: FloatArray, k: int = 3) -> Ranking:
        """The nearest labels of one sound given by its spans (spans, dim); a label counts by its best span."""
        if k < 1:
            raise UsageError(f"k must be at least 1, not {k}.")
        if not len(vectors):
            raise ShapeError("A sound without spans cannot be classified.")
        by_span = self.similarities(vectors)
        best, spans = by_span.max(axis=0), by_span.argmax(axis=0)
        odds = np.exp((best.astype(np.float64) - best.max()) / self._temperature)
        order = np.argsort(-best, kind="stable")[:k]
        ranked = tuple(Ranked(self.labels[i], float(best[i]), float(odds[i] / odds.sum()), int(spans[i])) for i in order)
        return Ranking(ranked, self._nearer(vectors, float(best.max())))

    def _nearer(self, vectors: FloatArray, similarity: float) -> float | None:
        if self._background is None or not len(self._background):
            return None
        return float(((vectors @ self._background.T).max(axis=0) > similarity).mean())


def checked_template(template: str) -> str:
    """The template on one line, if {label} stands in it exactly once and it is no longer than LONGEST. Raises UsageError."""
    template = folded(template)
    if len(template) > LONGEST:
        raise UsageError(f"The template has {len(template):,} characters. It may have {LONGEST}: text encoders read no more, "
                         "and the label would be lost.")
    if template.count("{label}") != 1:
        raise UsageError(f"The template “{template}” must hold {{label}} exactly once, like “the sound of {{label}}”.")
    return template


def check_readable(encoder: TextAudioEncoder, labels: Sequence[str], texts: Sequence[str]) -> None:
    """Raises UsageError for a label of whose text the encoder knows no sign: it could not be told from another such one."""
    for label, text in zip(labels, texts, strict=True):
        if isinstance(encoder, TextReader) and not encoder.reads(text):
            raise UsageError(f"{encoder.spec.name} cannot read the label “{label}”. Say it in English words, or give it a text "
                             "of its own, in the column text of a .csv file.")
