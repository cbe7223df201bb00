"""Stretches of recordings → vectors, file by file; what cannot be read or embedded is named and left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from engine.audio import files
from engine.audio.band import band_of
from engine.audio.clean import cleaned
from engine.encoders.protocols import VoiceEncoder
from engine.errors import AudioError, EncoderError
from engine.evaluation.data import Labelled
from engine.records import Audio, Failure, FloatArray
from engine.tasks import Ticket
from engine.voices.takes import snr_db

BATCH = 8  # recordings embedded together


@dataclass(frozen=True)
class Embedded:
    """One vector a row: float32 (n, dim). item: int (n,), which recording; kind: what the stretch is; seconds: its length;
    snr_db: over its noise; narrow: whether its band is a telephone's."""

    vectors: FloatArray
    item: np.ndarray
    kind: np.ndarray
    seconds: np.ndarray
    snr_db: np.ndarray
    narrow: np.ndarray
    failed: tuple[Failure, ...]

    def of(self, kind: str) -> np.ndarray:
        """Rows of one kind."""
        return np.flatnonzero(self.kind == kind)


@dataclass(frozen=True)
class _Quality:
    seconds: float
    snr_db: float
    narrow: bool


_Row = tuple[FloatArray, int, str, _Quality]
Cut = Callable[[int, Audio], list[tuple[str, Audio]]]
"""Number and sound of a recording → its stretches with their kinds."""
Line = Callable[[int, Audio], Audio]
"""Number and sound of a recording → the same after a line; see `channels`."""


def embed(items: Sequence[Labelled], cut: Cut, encoder: VoiceEncoder, ticket: Ticket, unit: str = "utterances",
          line: Line = lambda _, audio: audio) -> Embedded:
    """Embed the stretches that `cut` takes from each recording, heard as the program hears it (`engine.audio.clean`)."""
    rows: list[_Row] = []
    failed: list[Failure] = []
    for start in range(0, len(items), BATCH):
        ticket.report(start, len(items), "", unit)
        part: list[tuple[int, str, Audio]] = []
        for number in range(start, min(start + BATCH, len(items))):
            try:
                audio = cleaned(line(number, files.read(items[number].path))).audio
            except AudioError as error:
                failed.append(Failure(items[number].path, getattr(error, "reason", str(error))))
                continue
            part += [(number, kind, stretch) for kind, stretch in cut(number, audio)]
        rows += _embedded(part, items, encoder, failed)
    ticket.report(len(items), len(items), "", unit)
    qualities = [row[3] for row in rows]
    return Embedded(np.array([row[0] for row in rows], np.float32).reshape(-1, encoder.spec.dim),
                    np.array([row[1] for row in rows], np.int64), np.array([row[2] for row in rows], str),
                    np.array([one.seconds for one in qualities]), np.array([one.snr_db for one in qualities]),
                    np.array([one.narrow for one in qualities], bool), tuple(failed))


def _embedded(part: list[tuple[int, str, Audio]], items: Sequence[Labelled], encoder: VoiceEncoder,
              failed: list[Failure]) -> list[_Row]:
    """Embed stretches together; where one of them cannot be, each alone, so that only that one fails."""
    try:
        together = encoder.embed_many([audio for _, _, audio in part])
        return [(e.vector, number, kind, _quality(audio)) for (number, kind, audio), e in zip(part, together, strict=True)]
    except EncoderError:
        done = []
    named: set[int] = set()
    for number, kind, audio in part:
        try:
            done.append((encoder.embed(audio).vector, number, kind, _quality(audio)))
        except EncoderError as error:
            if number not in named:
                failed.append(Failure(items[number].path, str(error)))
                named.add(number)
    return done


def _quality(audio: Audio) -> _Quality:
    return _Quality(audio.duration_s, snr_db(audio), band_of(audio) == "narrow")


def crop(audio: Audio, length_s: float, rng: np.random.Generator) -> Audio | None:
    """A stretch of this length from a drawn place; None where the recording is shorter."""
    size = round(length_s * audio.rate_hz)
    if len(audio.samples) < size or size < 1:
        return None
    start = int(rng.integers(0, len(audio.samples) - size + 1))
    return Audio(audio.samples[start:start + size], audio.rate_hz)
