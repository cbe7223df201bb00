"""Captioning by retrieval: the captions of a bank that are nearest to a sound.

The bank that comes with Earmark (`resources/captions.txt`) has some 550 short captions of all kinds of sounds, written for it;
a user's own is a .txt (one a line), a .csv (column caption, or caption_1 …) or a .json (a list of texts or of objects
with caption). Vectors of a bank are kept on disk, named by the encoder's spec and the captions themselves.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np

from engine.describing import kept
from engine.describing.lists import csv_rows, folded, json_list, text_of
from engine.encoders.protocols import TextAudioEncoder, TextReader
from engine.errors import ShapeError, UsageError
from engine.records import FloatArray

ALIKE = 0.75
"""Two captions say the same where their words (without LITTLE_WORDS) overlap this far (Jaccard)."""
LITTLE_WORDS = frozenset("a an and are as at by in is it its of on or some someone somebody the then there to while with".split())  # noqa: SIM905
BATCH = 1024  # captions embedded at once


@dataclass(frozen=True)
class CaptionMatch:
    """One caption with its similarity to a sound; span: index of the span that is nearest to it."""

    caption: str
    similarity: float
    span: int


class CaptionBank:
    """Captions in the space of an encoder. Immutable, so thread-safe."""

    def __init__(self, encoder: TextAudioEncoder, captions: Sequence[str], cache: Path | None = None) -> None:
        """cache: a folder for the vectors; made when needed, and never in the way: what is unreadable is made anew."""
        self.captions = tuple(captions)
        if not self.captions:
            raise UsageError("A bank of captions needs at least one.")
        file = kept.file_in(cache, encoder.spec, self.captions) if cache else None
        vectors = kept.read(file, (len(self.captions), encoder.spec.dim)) if file else None
        if vectors is None:
            for caption in self.captions:
                if isinstance(encoder, TextReader) and not encoder.reads(caption):
                    raise UsageError(f"{encoder.spec.name} cannot read the caption “{caption}”. Say it in English words.")
            vectors = np.concatenate([encoder.embed_texts(self.captions[start:start + BATCH])
                                      for start in range(0, len(self.captions), BATCH)])
            if file:
                kept.write(file, vectors)
        self.vectors = vectors
        self._words = [_words(caption) for caption in self.captions]

    def nearest(self, vectors: FloatArray, k: int = 5) -> tuple[CaptionMatch, ...]:
        """The k nearest captions of one sound given by its spans (spans, dim), by their best span, nearest first.

        A caption that says nearly the same as a nearer one is passed over. Raises ShapeError, UsageError.
        """
        if k < 1:
            raise UsageError(f"k must be at least 1, not {k}.")
        if vectors.ndim != 2 or not len(vectors) or vectors.shape[1] != self.vectors.shape[1]:
            raise ShapeError(f"A sound is an array of (spans, {self.vectors.shape[1]}), not {vectors.shape}.")
        by_span = vectors @ self.vectors.T
        best = by_span.max(axis=0)
        chosen: list[int] = []
        for i in np.argsort(-best, kind="stable"):
            if not any(_alike(self._words[i], self._words[j]) for j in chosen):
                chosen.append(int(i))
                if len(chosen) == k:
                    break
        return tuple(CaptionMatch(self.captions[i], float(best[i]), int(by_span[:, i].argmax())) for i in chosen)


def default_captions() -> tuple[str, ...]:
    """The captions that come with Earmark."""
    return tuple(resources.files("resources").joinpath("captions.txt").read_text("utf-8").splitlines())


def load_captions(path: Path) -> tuple[str, ...]:
    """A user's own captions, white space folded, repetitions and blank ones left out. Raises UsageError."""
    path = path.expanduser()
    suffix = path.suffix.lower()
    if suffix not in (".txt", ".csv", ".json"):
        raise UsageError(f"{path} is no list of captions. It can be a .txt, .csv or .json file.")
    text = text_of(path)
    if suffix == ".txt":
        found = text.splitlines()
    elif suffix == ".csv":
        rows = csv_rows(path, text, "caption")
        columns = [c for c in rows[0] if c == "caption" or (c or "").startswith("caption_")]
        found = [row[column] or "" for row in rows for column in columns]
    else:
        found = []
        for number, entry in enumerate(json_list(path, text, '["a dog barks", "rain on a roof"]'), 1):
            caption = entry.get("caption") if isinstance(entry, dict) else entry
            if not isinstance(caption, str):
                raise UsageError(f"Entry {number} of {path} is neither a caption nor an object with one.")
            found.append(caption)
    lines = [folded(caption) for caption in found]
    once: dict[str, str] = {}
    for caption in filter(None, lines):
        once.setdefault(caption.casefold(), caption)
    captions = tuple(once.values())
    if not captions:
        raise UsageError(f"{path} holds no caption. It needs at least one.")
    return captions


def _words(caption: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", caption.casefold())) - LITTLE_WORDS


def _alike(a: frozenset[str], b: frozenset[str]) -> bool:
    return len(a & b) >= ALIKE * len(a | b)
