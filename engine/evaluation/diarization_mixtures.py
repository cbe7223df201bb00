"""Made conversations with a known answer: seeded mixtures of speakers who take turns, pause, and speak at once.

The reference is made from the clean utterances before they are mixed, by their level alone, so that it does not depend
on the detector that is being measured. Frames of 20 ms are speech that lie within ACTIVE_DB of the utterance's loud
frames and, where the recording is noisy, at least a third of the way (in dB) from its quiet frames to its loud ones;
silences shorter than WORD_GAP_S between them count as speech, bursts shorter than BURST_S do not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.records import FloatArray, Span

RATE_HZ = 16_000
FRAME_S = 0.02
ACTIVE_DB = 30.0
QUIET_PERCENTILE, LOUD_PERCENTILE = 10, 95
WORD_GAP_S = 0.3
BURST_S = 0.1
SPEAKERS = (2, 5)  # of a mixture
LENGTH_S = 75.0  # a mixture ends with the first turn behind this, or when nobody has anything left to say
DECAY_S = (0.15, 0.5)  # reverberation times of rooms
DIRECT_DB = (0.0, 12.0)  # how far the direct sound lies above what the room adds


@dataclass(frozen=True)
class Style:
    """How people talk. turn_s: shortest and longest turn. pause_s: mean of the pauses, which are distributed exponentially.
    overlap_share: of the turns begin before the one before is over, by overlap_s. level_db: speakers differ by up to this, up or
    down. noise_dbfs: of the room, which is never digitally silent. rooms: everybody sits in a place of a made room."""

    turn_s: tuple[float, float] = (1.5, 9.0)
    pause_s: float = 0.6
    overlap_share: float = 0.15
    overlap_s: tuple[float, float] = (0.3, 1.5)
    level_db: float = 6.0
    noise_dbfs: float = -65.0
    rooms: bool = False


READERS = Style()
MEETING = Style((0.4, 6.0), 0.35, 0.4, (0.2, 1.5), 12.0, -55.0, True)


@dataclass(frozen=True)
class Said:
    """One turn of a mixture: which utterance of whom, from where in it, and where it was put."""

    speaker: str
    source: str
    source_start_s: float
    span: Span


@dataclass(frozen=True)
class Mixture:
    """wave: float32 (n,) at 16 kHz. said: the turns as they were put. reference: (speaker, span) of the speech in them."""

    wave: FloatArray
    said: tuple[Said, ...]
    reference: tuple[tuple[str, Span], ...]

    @property
    def speakers(self) -> list[str]:
        return sorted({turn.speaker for turn in self.said})


def mix(utterances: Mapping[str, Sequence[tuple[str, FloatArray]]], rng: np.random.Generator,
        length_s: float = LENGTH_S, style: Style = READERS) -> Mixture:
    """Make one mixture. utterances: by speaker, (name, float32 (n,) at 16 kHz) each; every stretch is used once at most."""
    names = sorted(utterances)
    count = int(rng.integers(min(SPEAKERS[0], len(names)), min(SPEAKERS[1], len(names)) + 1))
    chosen = [names[i] for i in rng.permutation(len(names))[:count]]
    left = {name: [(source, wave, 0) for source, wave in (utterances[name][i] for i in rng.permutation(len(utterances[name])))]
            for name in chosen}
    gain = {name: 10 ** (float(rng.uniform(-style.level_db, style.level_db)) / 20) for name in chosen}
    place = {name: room(rng) for name in chosen} if style.rooms else {}
    pieces: list[tuple[int, FloatArray]] = []
    said: list[Said] = []
    reference: list[tuple[str, Span]] = []
    last, end = "", round(float(rng.uniform(0.3, 1.0)) * RATE_HZ)
    busy = dict.fromkeys(chosen, 0)  # nobody speaks over himself
    order = list(chosen)  # everybody speaks once before anybody is drawn
    while end < length_s * RATE_HZ:
        ready = [name for name in chosen if left[name] and name != last] or [name for name in chosen if left[name]]
        if not ready:
            break
        speaker = order.pop(0) if order else ready[int(rng.integers(len(ready)))]
        source, wave, used = left[speaker].pop(0)
        size = min(len(wave) - used, round(float(rng.uniform(*style.turn_s)) * RATE_HZ))
        if len(wave) - used - size > 2 * RATE_HZ:
            left[speaker].append((source, wave, used + size))
        if said and rng.random() < style.overlap_share:
            start = end - min(round(float(rng.uniform(*style.overlap_s)) * RATE_HZ), size // 2)
        else:
            start = end + round(float(rng.exponential(style.pause_s)) * RATE_HZ)
        start = max(start, busy[speaker])
        part = wave[used:used + size]
        pieces.append((start, np.float32(gain[speaker]) * (heard_in(part, place[speaker]) if place else part)))
        said.append(Said(speaker, source, used / RATE_HZ, Span(start / RATE_HZ, (start + size) / RATE_HZ)))
        cut_at = start / RATE_HZ - used / RATE_HZ
        heard = (_inside(one, used / RATE_HZ, (used + size) / RATE_HZ) for one in activity(wave))
        reference += [(speaker, Span(one.start_s + cut_at, one.end_s + cut_at)) for one in heard if one is not None]
        busy[speaker], last, end = start + size, speaker, max(end, start + size)
    mixed = rng.normal(0, 10 ** (style.noise_dbfs / 20), end + RATE_HZ // 2).astype(np.float32)
    for start, part in pieces:
        part = part[:len(mixed) - start]
        mixed[start:start + len(part)] += part
    peak = float(np.abs(mixed).max())
    return Mixture(mixed / np.float32(max(1.0, peak / 0.98)), tuple(said), tuple(reference))


def room(rng: np.random.Generator) -> FloatArray:
    """What a made room answers to a click, float32 (n,): the direct sound, and noise that dies away (Polack 1988)."""
    decay_s, direct_db = float(rng.uniform(*DECAY_S)), float(rng.uniform(*DIRECT_DB))
    at = np.arange(round(decay_s * RATE_HZ)) / RATE_HZ
    tail = rng.normal(0, 1, len(at)) * 10 ** (-3 * at / decay_s)
    tail[:round(0.002 * RATE_HZ)] = 0
    tail *= 10 ** (-direct_db / 20) / np.sqrt(np.sum(tail ** 2))
    tail[0] = 1.0
    return tail.astype(np.float32)


def heard_in(wave: FloatArray, answer: FloatArray) -> FloatArray:
    """A wave in a room, with what goes on sounding after it: float32 (n + m − 1,)."""
    from scipy.signal import fftconvolve

    found: FloatArray = fftconvolve(wave, answer).astype(np.float32)
    return found


def activity(wave: FloatArray) -> list[Span]:
    """Where there is speech in a clean utterance, by its level (see above). wave: float32 (n,) at 16 kHz."""
    size = round(FRAME_S * RATE_HZ)
    frames = wave[:len(wave) // size * size].reshape(-1, size)
    if not len(frames):
        return []
    power_db = 10 * np.log10(np.maximum(np.mean(np.square(frames, dtype=np.float64), axis=1), 1e-12))
    quiet, loud = np.percentile(power_db, (QUIET_PERCENTILE, LOUD_PERCENTILE))
    active = np.flatnonzero(power_db >= max(loud - ACTIVE_DB, quiet + (loud - quiet) / 3))
    if not len(active):
        return []
    breaks = np.flatnonzero(np.diff(active) * FRAME_S > WORD_GAP_S)
    starts, ends = active[np.r_[0, breaks + 1]], active[np.r_[breaks, len(active) - 1]] + 1
    return [Span(float(s * FRAME_S), float(e * FRAME_S)) for s, e in zip(starts, ends, strict=True)
            if (e - s) * FRAME_S >= BURST_S]


def _inside(span: Span, start_s: float, end_s: float) -> Span | None:
    """The part of a span between two times."""
    start, end = max(span.start_s, start_s), min(span.end_s, end_s)
    return Span(start, end) if end - start >= BURST_S else None
