"""Recordings of strangers → the vectors that statistics and calibration are made of."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.audio import files
from engine.audio.band import band_of
from engine.audio.clean import cleaned, leveled
from engine.audio.lines import telephone
from engine.encoders.protocols import VoiceEncoder
from engine.errors import AudioError, EncoderError, UsageError
from engine.evaluation import channels, data
from engine.records import Audio, FloatArray
from engine.tasks import Ticket
from engine.training.voice.styles import RATE_HZ, restyled
from engine.voices.cohort import digest
from engine.voices.takes import sample_parts, snr_db

STYLES, CHANNELS = 2, 2  # changed versions of each part of about 3 s
QUERY_S = (1.5, 3.0, 5.0, None)  # lengths that calibration asks with; None: all there is
LEAST_S = 6.0  # of one person, so that half of it can be enrolled and the other half ask
SEVERAL = 4  # utterances from which on three are enrolled and the others ask


@dataclass(frozen=True)
class Person:
    """One stranger as vectors, float32 unit rows.

    variety: parts of all recordings, plain, in STYLES other styles each, and through CHANNELS each. enrolled: parts of about 3 s.
    queries: stretches of what was not enrolled, with their lengths in s, whether they are plain or came through a channel,
    signal-to-noise ratios in dB, and whether their band is narrow. over_telephone: what a telephone's band adds to each of
    `enrolled`. whole: (dim,).
    """

    name: str
    variety: FloatArray
    enrolled: FloatArray
    queries: FloatArray
    seconds: FloatArray
    plain: np.ndarray
    snr_db: FloatArray
    narrow: np.ndarray
    over_telephone: FloatArray
    whole: FloatArray
    digests: tuple[str, ...]

    @property
    def changes(self) -> FloatArray:
        """What channels did to its parts: differences of vectors, float32 (n, dim)."""
        parts = len(self.variety) // (1 + STYLES + CHANNELS)
        return self.variety[parts * (1 + STYLES):] - np.repeat(self.variety[:parts], CHANNELS, axis=0)


def listed(folder: Path) -> list[tuple[str, list[Path]]]:
    """Everybody in a folder with their recordings, by name. Raises UsageError."""
    by_name: dict[str, list[Path]] = {}
    for item in data.strangers(folder):
        by_name.setdefault(item.label, []).append(item.path)
    return sorted(by_name.items())


def whole(persons: Sequence[tuple[str, list[Path]]], encoder: VoiceEncoder) -> FloatArray:
    """One vector a person, of the first recording: float32 (n, dim). What cannot be read or embedded is left out."""
    vectors = []
    for _, paths in persons:
        with contextlib.suppress(AudioError, EncoderError):
            vectors.append(encoder.embed(cleaned(files.read(paths[0], RATE_HZ)).audio).vector)
    return np.array(vectors, np.float32)


def people(persons: Sequence[tuple[str, list[Path]]], encoder: VoiceEncoder, seed: int, ticket: Ticket) -> Iterator[Person]:
    """Everybody of whom there is enough. Recordings that cannot be read are left out."""
    for number, (name, paths) in enumerate(persons):
        ticket.report(number, len(persons), "", "people")
        try:
            waves = [cleaned(files.read(path, RATE_HZ)).audio.samples for path in paths]
        except AudioError:
            continue
        if sum(map(len, waves)) < LEAST_S * RATE_HZ:
            continue
        rng = np.random.default_rng([seed, number])
        try:
            yield _person(name, waves, encoder, rng, tuple(digest(path) for path in paths))
        except EncoderError:
            continue
    ticket.report(len(persons), len(persons), "", "people")


def _person(name: str, waves: Sequence[FloatArray], encoder: VoiceEncoder, rng: np.random.Generator,
            digests: tuple[str, ...]) -> Person:
    parts = [part.samples for wave in waves for part in sample_parts(Audio(wave, RATE_HZ))]
    variety = [*parts, *(restyled(part, rng) for part in parts for _ in range(STYLES)),
               *(_through_a_channel(part, rng) for part in parts for _ in range(CHANNELS))]
    if len(waves) >= SEVERAL:
        enrolled, asking = list(waves[:3]), list(waves[3:])
    else:
        joined = np.concatenate(waves)
        enrolled, asking = [joined[:len(joined) // 2]], [joined[len(joined) // 2:]]
    samples = [part.samples for wave in enrolled for part in sample_parts(Audio(wave, RATE_HZ))]
    queries = []
    for wave in asking:
        for length in QUERY_S:
            size = len(wave) if length is None else int(length * RATE_HZ)
            if size > len(wave):
                continue
            start = int(rng.integers(0, len(wave) - size + 1))
            queries += [wave[start:start + size], _through_a_channel(wave[start:start + size], rng)]
    if not queries:
        raise UsageError(f"{name} says too little.")
    stretches = [*variety, *samples, *queries, np.concatenate(waves), *(_over_a_telephone(one) for one in samples)]
    vectors = np.array([e.vector for e in encoder.embed_many([Audio(np.ascontiguousarray(s, np.float32), RATE_HZ)
                                                              for s in stretches])])
    a, b, c = np.cumsum([len(variety), len(samples), len(queries)])
    return Person(name, vectors[:a], vectors[a:b], vectors[b:c], np.array([len(q) / RATE_HZ for q in queries], np.float32),
                  np.arange(len(queries)) % 2 == 0, np.array([snr_db(Audio(q, RATE_HZ)) for q in queries], np.float32),
                  np.array([band_of(Audio(q, RATE_HZ)) == "narrow" for q in queries]), vectors[c + 1:] - vectors[a:b], vectors[c],
                  digests)


def _over_a_telephone(wave: FloatArray) -> FloatArray:
    """At the level that all is heard at."""
    return leveled(telephone(Audio(np.ascontiguousarray(wave, np.float32), RATE_HZ))).audio.samples


def _through_a_channel(wave: FloatArray, rng: np.random.Generator) -> FloatArray:
    """After a drawn room, microphone and codec, at the level that all is heard at."""
    audio = Audio(np.ascontiguousarray(wave, np.float32), RATE_HZ)
    return leveled(channels.drawn(audio, rng, channels.CHOSEN_WITH)).audio.samples
