"""Stretches of recordings → vectors, file by file; what cannot be read or embedded is named and left out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from engine.audio import files
from engine.audio.band import band_of
from engine.audio.clean import cleaned
from engine.encoders.protocols import VoiceEncoder
from engine.errors import AudioError, EncoderError, TooLittleSpeech
from engine.evaluation.data import Labelled
from engine.records import Audio, Failure, FloatArray
from engine.tasks import Ticket
from engine.voices.identification import MIN_SPEECH_S
from engine.voices.takes import TakeQuality, judge, snr_db, speech_in_context

if TYPE_CHECKING:
    from engine.audio.speech import SpeechDetector

BATCH = 8  # recordings embedded together


@dataclass(frozen=True)
class Embedded:
    """One vector a row: float32 (n, dim). item: int (n,), which recording; kind: what the stretch is; seconds: of speech in
    it; snr_db: over its noise; narrow: whether its band is a telephone's. silent: recordings with too
    little speech."""

    vectors: FloatArray
    item: np.ndarray
    kind: np.ndarray
    seconds: np.ndarray
    snr_db: np.ndarray
    narrow: np.ndarray
    failed: tuple[Failure, ...]
    silent: tuple[Failure, ...] = ()

    def of(self, kind: str) -> np.ndarray:
        """Rows of one kind."""
        return np.flatnonzero(self.kind == kind)


class Speech(NamedTuple):
    """What is heard of a recording. share: of it is speech, the rest its context. snr_db: None where nobody looked for noise."""

    audio: Audio
    share: float
    snr_db: float | None


class _Stretch(NamedTuple):
    number: int
    kind: str
    audio: Audio
    of: Speech

    def quality(self) -> _Quality:
        snr = snr_db(self.audio) if self.of.snr_db is None else self.of.snr_db
        return _Quality(self.audio.duration_s * self.of.share, snr, band_of(self.audio) == "narrow")


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


class Ears:
    """How recordings are heard before they are cut: as the program hears one, without DC and rumble, at one level, and only where
    somebody speaks."""

    def __init__(self, detector: SpeechDetector | None = None, context_s: float = 0.0) -> None:
        """detector: None: all of a recording is speech. context_s: of the encoder, see `Limits`."""
        self._detector, self._context_s = detector, context_s
        self._known: dict[bytes, TakeQuality] = {}  # the same sound is asked about several times

    def hear(self, audio: Audio) -> Speech:
        """Raises TooLittleSpeech, where the program would name nobody."""
        clean = cleaned(audio)
        if self._detector is None:
            return Speech(clean.audio, 1.0, None)
        key = hashlib.sha256(np.ascontiguousarray(audio.samples).tobytes()).digest()
        if key not in self._known:
            self._known[key] = judge(audio, self._detector, clean)
        quality = self._known[key]
        if quality.speech_s < MIN_SPEECH_S:
            raise TooLittleSpeech(quality.speech_s, MIN_SPEECH_S)
        heard = speech_in_context(clean.audio, quality.spans, self._context_s)
        return Speech(heard, quality.speech_s / heard.duration_s, quality.snr_db)


def embed(items: Sequence[Labelled], cut: Cut, encoder: VoiceEncoder, ticket: Ticket, unit: str = "utterances",
          line: Line = lambda _, audio: audio, ears: Ears | None = None) -> Embedded:
    """Embed the stretches that `cut` takes from what is heard of each recording. ears: by default all of it is speech."""
    ears = ears or Ears()
    rows: list[_Row] = []
    failed: list[Failure] = []
    silent: list[Failure] = []
    for start in range(0, len(items), BATCH):
        ticket.report(start, len(items), "", unit)
        part: list[_Stretch] = []
        for number in range(start, min(start + BATCH, len(items))):
            try:
                speech = ears.hear(line(number, files.read(items[number].path)))
            except AudioError as error:
                failed.append(Failure(items[number].path, getattr(error, "reason", str(error))))
                continue
            except TooLittleSpeech as error:
                silent.append(Failure(items[number].path, str(error)))
                continue
            part += [_Stretch(number, kind, stretch, speech) for kind, stretch in cut(number, speech.audio)]
        rows += _embedded(part, items, encoder, failed)
    ticket.report(len(items), len(items), "", unit)
    qualities = [row[3] for row in rows]
    return Embedded(np.array([row[0] for row in rows], np.float32).reshape(-1, encoder.spec.dim),
                    np.array([row[1] for row in rows], np.int64), np.array([row[2] for row in rows], str),
                    np.array([one.seconds for one in qualities]), np.array([one.snr_db for one in qualities]),
                    np.array([one.narrow for one in qualities], bool), tuple(failed), tuple(silent))


def _embedded(part: list[_Stretch], items: Sequence[Labelled], encoder: VoiceEncoder, failed: list[Failure]) -> list[_Row]:
    """Embed stretches together; where one of them cannot be, each alone, so that only that one fails."""
    try:
        together = encoder.embed_many([one.audio for one in part])
        return [(e.vector, one.number, one.kind, one.quality()) for one, e in zip(part, together, strict=True)]
    except EncoderError:
        done = []
    named: set[int] = set()
    for one in part:
        try:
            done.append((encoder.embed(one.audio).vector, one.number, one.kind, one.quality()))
        except EncoderError as error:
            if one.number not in named:
                failed.append(Failure(items[one.number].path, str(error)))
                named.add(one.number)
    return done


def crop(audio: Audio, length_s: float, rng: np.random.Generator) -> Audio | None:
    """A stretch of this length from a drawn place; None where the recording is shorter."""
    size = round(length_s * audio.rate_hz)
    if len(audio.samples) < size or size < 1:
        return None
    start = int(rng.integers(0, len(audio.samples) - size + 1))
    return Audio(audio.samples[start:start + size], audio.rate_hz)
