"""Stretches of recordings → vectors, file by file; what cannot be read or embedded is named and left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from engine.audio import files
from engine.encoders.protocols import VoiceEncoder
from engine.errors import AudioError, EncoderError
from engine.evaluation.data import Labelled
from engine.records import Audio, Failure, FloatArray
from engine.tasks import Ticket

BATCH = 8  # recordings embedded together


@dataclass(frozen=True)
class Embedded:
    """One vector a row: float32 (n, dim). item: int (n,), which recording; kind: what the stretch is; seconds: its length."""

    vectors: FloatArray
    item: np.ndarray
    kind: np.ndarray
    seconds: np.ndarray
    failed: tuple[Failure, ...]

    def of(self, kind: str) -> np.ndarray:
        """Rows of one kind."""
        return np.flatnonzero(self.kind == kind)


Cut = Callable[[int, Audio], list[tuple[str, Audio]]]
"""Number and sound of a recording → its stretches with their kinds."""


def embed(items: Sequence[Labelled], cut: Cut, encoder: VoiceEncoder, ticket: Ticket, unit: str = "utterances") -> Embedded:
    """Embed the stretches that `cut` takes from each recording."""
    rows: list[tuple[FloatArray, int, str, float]] = []
    failed: list[Failure] = []
    for start in range(0, len(items), BATCH):
        ticket.report(start, len(items), "", unit)
        part: list[tuple[int, str, Audio]] = []
        for number in range(start, min(start + BATCH, len(items))):
            try:
                audio = files.read(items[number].path)
            except AudioError as error:
                failed.append(Failure(items[number].path, getattr(error, "reason", str(error))))
                continue
            part += [(number, kind, stretch) for kind, stretch in cut(number, audio)]
        rows += _embedded(part, items, encoder, failed)
    ticket.report(len(items), len(items), "", unit)
    return Embedded(np.array([r[0] for r in rows], np.float32), np.array([r[1] for r in rows], np.int64),
                    np.array([r[2] for r in rows], str), np.array([r[3] for r in rows]), tuple(failed))


def _embedded(part: list[tuple[int, str, Audio]], items: Sequence[Labelled], encoder: VoiceEncoder,
              failed: list[Failure]) -> list[tuple[FloatArray, int, str, float]]:
    """Embed stretches together; where one of them cannot be, each alone, so that only that one fails."""
    try:
        together = encoder.embed_many([audio for _, _, audio in part])
        return [(e.vector, number, kind, audio.duration_s) for (number, kind, audio), e in zip(part, together, strict=True)]
    except EncoderError:
        done = []
    named: set[int] = set()
    for number, kind, audio in part:
        try:
            done.append((encoder.embed(audio).vector, number, kind, audio.duration_s))
        except EncoderError as error:
            if number not in named:
                failed.append(Failure(items[number].path, str(error)))
                named.add(number)
    return done


def crop(audio: Audio, length_s: float, rng: np.random.Generator) -> Audio | None:
    """A stretch of this length from a drawn place; None where the recording is shorter."""
    size = round(length_s * audio.rate_hz)
    if len(audio.samples) < size or size < 1:
        return None
    start = int(rng.integers(0, len(audio.samples) - size + 1))
    return Audio(audio.samples[start:start + size], audio.rate_hz)
