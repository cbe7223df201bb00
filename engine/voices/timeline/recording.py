"""A recording heard from end to end: its runs of speech and the embeddings of their windows, in bounded memory.

Sound is decoded and its speech detected on one thread, a block or two ahead of the encoder. Kept are the embeddings (1 KB each
0.4 s of speech), the times, and one level for each frame of 20 ms.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.audio import files
from engine.audio.levels import clips
from engine.audio.speech import RATE_HZ
from engine.errors import ShapeError
from engine.records import Audio, Embedding, FloatArray, Span
from engine.tasks import Ticket, beside, prefetched, result_of
from engine.voices.timeline.assignment import Heard
from engine.voices.timeline.windows import Window, WindowCutter

if TYPE_CHECKING:
    from engine.audio.speech import SpeechDetector, SpeechStream
    from engine.encoders.protocols import VoiceEncoder

BLOCK_S = 30.0
BATCH = 64  # windows embedded together
NOISE_FRAME = RATE_HZ // 50
NOISE_PERCENTILE = 10  # as in voices/takes.py
LEAST_POWER = 1e-9  # −90 dBFS


@dataclass(frozen=True)
class Recording:
    """What was heard.

    spans: the runs of speech. power: float64 (n,), mean square of each window of `heard`. clipped: int64 (n,), how often
    the wave of a window is cut off (what two windows share counts once). noise_dbfs: one frame in ten stays below it.
    """

    duration_s: float
    spans: tuple[Span, ...]
    heard: Heard
    power: NDArray[np.float64]
    clipped: NDArray[np.int64]
    noise_dbfs: float


def listen(path: Path, encoder: VoiceEncoder, detector: SpeechDetector, ticket: Ticket | None = None) -> Recording:
    """Hear a file of any length. Raises DecodeError, EncoderError, Cancelled."""
    ticket = ticket or Ticket()
    total_s = result_of(beside(lambda: files.info(path), "read-header"), ticket, path.name).duration_s
    began = time.perf_counter()
    cutter, embedded = WindowCutter(), _Embedded(encoder, ticket)
    noise: list[FloatArray] = []
    samples = 0
    with closing(prefetched(_blocks(path, detector.stream()), 1, ticket, path.name)) as blocks:
        for wave, probabilities in blocks:
            samples += len(wave)
            frames = wave[:len(wave) // NOISE_FRAME * NOISE_FRAME].reshape(-1, NOISE_FRAME)
            noise.append(np.mean(np.square(frames), axis=1))
            embedded.take(cutter.push(wave, probabilities))
            done_s = samples / RATE_HZ
            ticket.report(done_s, max(total_s, done_s), path.name, "× real time",
                          done_s / max(1e-3, time.perf_counter() - began))
    embedded.take(cutter.finish())
    embedded.flush()
    levels = np.concatenate(noise) if noise else np.zeros(0, np.float32)
    floor = float(np.percentile(levels, NOISE_PERCENTILE)) if len(levels) else 0.0
    return Recording(samples / RATE_HZ, tuple(cutter.spans), embedded.heard(), np.array(embedded.power, np.float64),
                     np.array(embedded.clipped, np.int64), 10 * float(np.log10(max(LEAST_POWER, floor))))


@dataclass
class _Embedded:
    """Collects windows until there is a batch of them, and keeps what is embedded without its sound."""

    encoder: VoiceEncoder
    ticket: Ticket
    waiting: list[Window] = field(default_factory=list)
    places: list[tuple[float, float, int]] = field(default_factory=list)
    embeddings: list[Embedding] = field(default_factory=list)
    power: list[float] = field(default_factory=list)
    clipped: list[int] = field(default_factory=list)
    reached_s: float = 0.0

    def take(self, windows: Sequence[Window]) -> None:
        self.waiting += windows
        while len(self.waiting) >= BATCH:
            self.flush()

    def flush(self) -> None:
        self.ticket.check()
        part, self.waiting = self.waiting[:BATCH], self.waiting[BATCH:]
        for window, embedding in _embedded(part, self.encoder):
            self.places.append((window.span.start_s, window.span.end_s, window.run))
            self.embeddings.append(embedding)
            self.power.append(float(np.mean(np.square(window.wave, dtype=np.float64))))
            self.clipped.append(clips(window.wave[max(0, round((self.reached_s - window.span.start_s) * RATE_HZ)):]))
            self.reached_s = window.span.end_s

    def heard(self) -> Heard:
        places = np.array(self.places, np.float64).reshape(-1, 3)
        vectors = np.array([e.vector for e in self.embeddings], np.float32).reshape(len(places), self.encoder.spec.dim)
        return Heard(places[:, 0], places[:, 1], places[:, 2].astype(np.int64), vectors,
                     np.array([e.norm for e in self.embeddings], np.float32))


def _embedded(windows: Sequence[Window], encoder: VoiceEncoder) -> list[tuple[Window, Embedding]]:
    """Embed together; where one of them cannot be embedded, each alone, so that only that one is left out."""
    audios = [Audio(window.wave, RATE_HZ) for window in windows]
    try:
        return list(zip(windows, encoder.embed_many(audios), strict=True))
    except ShapeError:
        done = []
    for window, audio in zip(windows, audios, strict=True):
        try:
            done.append((window, encoder.embed(audio)))
        except ShapeError:  # for instance silence to which the detector gave a probability
            continue
    return done


def _blocks(path: Path, speech: SpeechStream) -> Generator[tuple[FloatArray, list[float]], None, None]:
    """Blocks of a file with their speech probabilities."""
    for wave in files.stream(path, RATE_HZ, BLOCK_S):
        yield wave, speech.push(wave)
