"""Strangers of a live session, numbered while they speak: on-line clustering of what the identifier knows nobody for.

A stretch goes to the stranger whose speech it is like by the mean cosine, as in `clustering`. What is like nobody waits;
after NEW_S of it that is like itself there is a new number. A number stays with its person. Two numbers that turn out to be
one person become the older one. Memory is bounded: a sum of vectors and at most MOST_SAMPLES samples a stranger.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from engine.records import Embedding, EncoderSpec, FloatArray

NEW_S = 1.5  # speech that is like nobody, but like itself, that makes a new number; chosen by tests/benchmarks/live_strangers.py
SURE_S = 4.0  # speech of each of two numbers from which on they can be found to be one person
MOST = 64  # numbers of a session; what comes then stays unknown
MOST_SAMPLES = 40  # of a stranger, about 2.4 s each, to name it by
SILENT = 1e-9  # mean square: −90 dBFS


@dataclass(frozen=True)
class Numbered:
    """What a step gave. number: of the stranger, None: not known yet. merged: (younger, older), now one person. alone: nobody
    else is heard in the stretch."""

    number: int | None
    merged: tuple[tuple[int, int], ...] = ()
    alone: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class HeardStranger:
    """A stranger of a session. samples: (embedding of `spec`, seconds of speech) each; snr_db: over the noise of the session."""

    number: int
    spec: EncoderSpec
    speech_s: float
    level_dbfs: float
    snr_db: float
    clipped: int
    samples: tuple[tuple[Embedding, float], ...]


@dataclass
class Samples:
    """(embedding, seconds of speech) of stretches that share no sound with each other: at most MOST_SAMPLES, spread over
    all that was said."""

    all: list[tuple[Embedding, float]] = field(default_factory=list)
    every_s: float = 0.0  # speech between two samples
    since_s: float = 0.0  # speech since the last one

    def add(self, query: Embedding, used_s: float, new_s: float, fit: bool) -> None:
        """used_s: net speech that was embedded; new_s: how much of it is new. fit: it may be a sample."""
        self.since_s += new_s
        if not fit:
            return
        if not self.all or self.since_s >= max(used_s, self.every_s):
            self.all.append((query, used_s))
            self.since_s = 0.0
            self._thin()
        elif self.since_s < used_s and used_s > self.all[-1][1]:
            self.all[-1] = (query, used_s)  # the same stretch, longer
            self.since_s = 0.0

    def take_over(self, other: Samples) -> None:
        """Another one turned out to be this one."""
        self.all += other.all
        self._thin()

    def _thin(self) -> None:
        while len(self.all) > MOST_SAMPLES:
            del self.all[1::2]
            self.every_s = 2 * max(self.every_s, 2.4)


@dataclass
class Stranger:
    """One of the session. total: sum of unit vectors, each as heavy as its seconds. power: mean square of its sound."""

    number: int
    total: FloatArray
    speech_s: float
    power: float = 0.0
    clipped: int = 0
    kept: Samples = field(default_factory=Samples)
    apart: bool = False  # it stays what it is

    @property
    def samples(self) -> list[tuple[Embedding, float]]:
        return self.kept.all

    def likeness(self, vector: FloatArray) -> float:
        """Mean cosine to all that it said."""
        return float(self.total @ vector) / self.speech_s

    def add(self, query: Embedding, used_s: float, new_s: float, power: float, clipped: int, alone: bool) -> None:
        """alone: nobody else is heard in the stretch."""
        self.power += (power - self.power) * new_s / (self.speech_s + new_s)
        self.total = self.total + np.float32(new_s) * query.vector
        self.speech_s += new_s
        self.clipped += clipped
        self.kept.add(query, used_s, new_s, alone)

    def take_over(self, other: Stranger) -> None:
        """Another one turned out to be this one."""
        share = other.speech_s / (self.speech_s + other.speech_s)
        self.power += (other.power - self.power) * share
        self.total = self.total + other.total
        self.speech_s += other.speech_s
        self.clipped += other.clipped
        self.kept.take_over(other.kept)

    def heard(self, spec: EncoderSpec, noise: float) -> HeardStranger:
        """What can be told of it now. noise: mean square of what is no speech."""
        level, floor = (10 * math.log10(max(power, SILENT)) for power in (self.power, noise))
        return HeardStranger(self.number, spec, self.speech_s, level, level - floor, self.clipped, tuple(self.samples))


class Strangers:
    """The strangers of one session. Used by one thread at a time.

    Of a run of speech, `hear` is called for each step that the identifier knows nobody for, `known` for each other one;
    `pause` when the run is over.
    """

    def __init__(self, same: float, last: int = 0) -> None:
        """same: mean cosine from which on two stretches are one person. last: numbers up to this one are given already."""
        self._same = same
        self._all: list[Stranger] = []
        self.last = last  # number that was given last
        self._waiting: Stranger | None = None
        self._waiting_here = False  # it was heard in this run
        # positions in the running speech, in seconds
        self._at = 0.0
        self._who: int | None = None  # who spoke last: a number, 0 for a voice
        self._who_until = 0.0
        self._other_until = 0.0  # end of the speech of anybody else before that
        self._odd_until = 0.0  # end of what waited and came to nothing

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Stranger]:
        return iter(self._all)

    def get(self, number: int) -> Stranger | None:
        return next((one for one in self._all if one.number == number), None)

    def keep_apart(self, number: int) -> None:
        """It was named: whoever it is, it becomes nobody else."""
        one = self.get(number)
        if one is not None:
            one.apart = True

    def hear(self, query: Embedding, used_s: float, new_s: float, power: float = 0.0, clipped: int = 0) -> Numbered:
        """Number a stretch of unknown speech.

        used_s: net speech that was embedded. new_s: how much of it was not in the step before. power: mean square of the
        new part, clipped: how often it was.
        """
        self._at += new_s
        found = self._nearest(query.vector)
        if found is None:
            alone = self._at - used_s >= self._who_until
            found = self._wait(query, used_s, new_s, power, clipped)
            if found is None:
                return Numbered(None)
            self._spoke(found.number)
        else:
            self._spoke(found.number)
            alone = self._at - used_s >= self._other_until
            found.add(query, used_s, new_s, power, clipped, alone)
            if self._waiting_here:
                self._waiting = None  # it was the same run, so most probably the same person
        merged = self._merge(found)
        return Numbered(merged[-1][1] if merged else found.number, merged, alone)

    def known(self, new_s: float) -> None:
        """A voice is recognised: what waited in this run was hers."""
        self._at += new_s
        self._spoke(0)
        if self._waiting_here:
            self._waiting = None

    def pause(self) -> None:
        """The run of speech is over."""
        self._at = self._who_until = self._other_until = self._odd_until = 0.0
        self._who, self._waiting_here = None, False

    # --- inside -------------------------------------------------------------------------------------------------------

    def _spoke(self, who: int) -> None:
        if who != self._who:
            self._other_until, self._who = self._who_until, who
        self._who_until = self._at

    def _nearest(self, vector: FloatArray) -> Stranger | None:
        best = max(self._all, key=lambda one: one.likeness(vector), default=None)
        if best is None:
            return None
        return best if best.likeness(vector) >= self._same else None

    def _wait(self, query: Embedding, used_s: float, new_s: float, power: float, clipped: int) -> Stranger | None:
        """Add to what waits; the new stranger when that is enough."""
        waiting = self._waiting
        if waiting is None or waiting.likeness(query.vector) < self._same:
            if self._waiting_here:  # what waited in this run was an oddity: its sound does not count twice
                self._odd_until = self._at - new_s
            waiting = self._waiting = Stranger(0, np.zeros_like(query.vector), 0.0)
            new_s = min(used_s, self._at - max(self._who_until, self._odd_until))
        waiting.add(query, used_s, new_s, power, clipped, self._at - used_s >= self._who_until)
        self._waiting_here = True
        if waiting.speech_s < NEW_S or len(self._all) >= MOST:
            return None
        self._waiting = None
        self.last += 1
        waiting.number = self.last
        self._all.append(waiting)
        return waiting

    def _merge(self, grown: Stranger) -> tuple[tuple[int, int], ...]:
        """Who became so like the grown one that they are one person."""
        merged = []
        while grown.speech_s >= SURE_S and not grown.apart:
            other = next((one for one in self._all if one is not grown and not one.apart and one.speech_s >= SURE_S
                          and grown.likeness(one.total) / one.speech_s >= self._same), None)
            if other is None:
                break
            older, younger = sorted((grown, other), key=lambda one: one.number)
            older.take_over(younger)
            self._all.remove(younger)
            if self._who == younger.number:
                self._who = older.number
            merged.append((younger.number, older.number))
            grown = older
        return tuple(merged)
