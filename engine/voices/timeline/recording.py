"""A recording heard from end to end, twice: who speaks where, by segmentation and speech detector; then the embeddings of the
pieces in which one person speaks alone. In bounded memory: a block of sound, 6 KB for each 2.5 s of segmentation, an embedding
for each 0.75 s of speech, a chance of speech for each 32 ms, and one level for each frame of 20 ms.

Sound is decoded on a thread of its own, a block or two ahead.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.audio import files
from engine.audio.band import band_of
from engine.audio.clean import HighPass, leveled
from engine.audio.levels import clips
from engine.audio.speech import RATE_HZ
from engine.errors import DecodeError, ShapeError
from engine.records import Audio, Embedding, FloatArray
from engine.tasks import Ticket, beside, prefetched, result_of
from engine.voices.timeline.assignment import Heard
from engine.voices.timeline.local import BoolArray, Local, LocalListener, Segmenter
from engine.voices.timeline.raising import raised
from engine.voices.timeline.regions import Regions, regions, speech_frames

if TYPE_CHECKING:
    from engine.audio.speech import SpeechDetector, SpeechStream
    from engine.encoders.protocols import VoiceEncoder

BLOCK_S = 30.0
BATCH = 64  # pieces embedded together
NOISE_FRAME = RATE_HZ // 50
NOISE_PERCENTILE = 10  # as in voices/takes.py
LEAST_POWER = 1e-9  # −90 dBFS
FIRST_PASS = 0.6  # of the time that hearing takes


@dataclass(frozen=True)
class Recording:
    """What was heard.

    local, regions: who speaks where, before anybody is told apart over the whole recording. speech: bool (frames,), where the
    detector hears somebody. heard: the pieces that were embedded. power: float64 (n,), mean square of each of them. clipped:
    int64 (n,), how often its wave is cut off (what two pieces share counts once). noise_dbfs: one frame in ten stays below it.
    """

    duration_s: float
    local: Local
    regions: Regions
    speech: BoolArray
    heard: Heard
    power: NDArray[np.float64]
    clipped: NDArray[np.int64]
    noise_dbfs: float


def listen(path: Path, encoder: VoiceEncoder, detector: SpeechDetector, segmenter: Segmenter,
           ticket: Ticket | None = None) -> Recording:
    """Hear a file of any length. Raises DecodeError, EncoderError, Cancelled."""
    ticket = ticket or Ticket()
    total_s = result_of(beside(lambda: files.info(path), "read-header"), ticket, path.name).duration_s
    began = time.perf_counter()

    def report(share: float, of_s: float) -> None:
        done_s = share * max(total_s, of_s)
        ticket.report(done_s, max(total_s, of_s), path.name, "× real time", done_s / max(1e-3, time.perf_counter() - began))

    local = LocalListener(segmenter)
    chances: list[float] = []
    noise: list[FloatArray] = []
    samples = 0
    with closing(prefetched(_judged(path, detector.stream()), 1, ticket, path.name)) as blocks:
        for wave, probabilities in blocks:
            samples += len(wave)
            frames = wave[:len(wave) // NOISE_FRAME * NOISE_FRAME].reshape(-1, NOISE_FRAME)
            noise.append(np.mean(np.square(frames), axis=1))
            chances += probabilities
            local.push(wave)
            report(FIRST_PASS * min(1.0, samples / RATE_HZ / max(total_s, 1e-3)), samples / RATE_HZ)
    found = local.finish()
    speech = speech_frames(chances, found.frames)
    alone = regions(found, speech)
    embedded = _Embedded(encoder, ticket, alone)
    if alone.pieces:
        done = 0
        with closing(prefetched(_cleaned(path), 1, ticket, path.name)) as waves:
            for raw, clean in waves:
                done += len(raw)
                embedded.take(raw, clean)
                report(FIRST_PASS + (1 - FIRST_PASS) * min(1.0, done / samples), samples / RATE_HZ)
        if done != samples:
            raise DecodeError(path, "it changed while it was heard. Make the timeline again.", passing=True)
        embedded.finish()
    report(1.0, samples / RATE_HZ)
    levels = np.concatenate(noise) if noise else np.zeros(0, np.float32)
    floor = float(np.percentile(levels, NOISE_PERCENTILE)) if len(levels) else 0.0
    return Recording(samples / RATE_HZ, found, alone, speech, embedded.heard(), np.array(embedded.power, np.float64),
                     np.array(embedded.clipped, np.int64), 10 * float(np.log10(max(LEAST_POWER, floor))))


class _Piece(NamedTuple):
    """number: of the piece. raw, clean: float32 (n,), its sound as it is and without DC and rumble."""

    number: int
    raw: FloatArray
    clean: FloatArray


@dataclass
class _Embedded:
    """Cuts the pieces out of the sound as it comes, collects a batch of them, and keeps what is embedded without its sound."""

    encoder: VoiceEncoder
    ticket: Ticket
    regions: Regions
    waves: FloatArray = field(default_factory=lambda: np.zeros((2, 0), np.float32))  # as it is, and clean, from `begins` on
    begins: int = 0
    next: int = 0  # piece to cut
    waiting: list[_Piece] = field(default_factory=list)
    which: list[int] = field(default_factory=list)  # pieces that could be embedded
    embeddings: list[Embedding] = field(default_factory=list)
    power: list[float] = field(default_factory=list)
    clipped: list[int] = field(default_factory=list)
    narrow: list[bool] = field(default_factory=list)
    reached_s: float = 0.0

    def take(self, raw: FloatArray, clean: FloatArray) -> None:
        """float32 (n,) each, the next of the recording as it is and without DC and rumble."""
        self.waves = np.concatenate([self.waves, [raw, clean]], axis=1)
        end = self.begins + self.waves.shape[1]
        pieces = self.regions.pieces
        while self.next < len(pieces) and round(pieces[self.next].end_s * RATE_HZ) <= end:
            self._cut()
        needed = round(pieces[self.next].start_s * RATE_HZ) if self.next < len(pieces) else end
        drop = max(0, min(needed, end) - self.begins)
        self.waves, self.begins = self.waves[:, drop:].copy(), self.begins + drop
        while len(self.waiting) >= BATCH:
            self._flush()

    def finish(self) -> None:
        """The recording is over."""
        while self.next < len(self.regions.pieces) and self.waves.shape[1]:
            self._cut()
        while self.waiting:
            self._flush()

    def _cut(self) -> None:
        span = self.regions.pieces[self.next]
        start, end = (round(at * RATE_HZ) - self.begins for at in (span.start_s, span.end_s))
        if (part := self.waves[:, max(0, start):end]).shape[1]:
            self.waiting.append(_Piece(self.next, *part.copy()))
        self.next += 1

    def _flush(self) -> None:
        self.ticket.check()
        part, self.waiting = self.waiting[:BATCH], self.waiting[BATCH:]
        for piece, embedding in _embedded(part, self.encoder):
            span = self.regions.pieces[piece.number]
            self.which.append(piece.number)
            self.embeddings.append(embedding)
            self.power.append(float(np.mean(np.square(piece.clean, dtype=np.float64))))
            self.clipped.append(clips(piece.raw[max(0, round((self.reached_s - span.start_s) * RATE_HZ)):]))
            self.narrow.append(band_of(Audio(piece.clean, RATE_HZ)) == "narrow")
            self.reached_s = span.end_s

    def heard(self) -> Heard:
        places = np.array([(span.start_s, span.end_s) for span in (self.regions.pieces[number] for number in self.which)],
                          np.float64).reshape(-1, 2)
        vectors = np.array([e.vector for e in self.embeddings], np.float32).reshape(len(places), self.encoder.spec.dim)
        return Heard(places[:, 0], places[:, 1], self.regions.of[self.which], vectors,
                     np.array([e.norm for e in self.embeddings], np.float32), np.array(self.narrow, bool))


def _embedded(pieces: Sequence[_Piece], encoder: VoiceEncoder) -> list[tuple[_Piece, Embedding]]:
    """Embed together; where one of them cannot be embedded, each alone, so that only that one is left out."""
    audios = [leveled(Audio(piece.clean, RATE_HZ)).audio for piece in pieces]
    try:
        return list(zip(pieces, encoder.embed_many(audios), strict=True))
    except ShapeError:
        done = []
    for piece, audio in zip(pieces, audios, strict=True):
        try:
            done.append((piece, encoder.embed(audio)))
        except ShapeError:  # for instance silence to which the detector gave a probability
            continue
    return done


def _judged(path: Path, speech: SpeechStream) -> Generator[tuple[FloatArray, list[float]], None, None]:
    """Clean blocks of a file with their speech probabilities, which are those of the sound with its quiet talkers raised."""
    for _, clean in _cleaned(path):
        yield clean, speech.push(raised(clean))


def _cleaned(path: Path) -> Generator[tuple[FloatArray, FloatArray], None, None]:
    """Blocks of a file, as they are and without DC and rumble."""
    high_pass = HighPass(RATE_HZ)
    for wave in files.stream(path, RATE_HZ, BLOCK_S):
        yield wave, high_pass.push(wave)
