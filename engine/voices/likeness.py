"""Whether a take is of the voice that it is to be added to, so that two people never become one name by mistake."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from engine.errors import ShapeError, UnlikeVoice
from engine.index import unit_mean
from engine.records import Embedding, FloatArray, Sample, Voice
from engine.voices.identification import Identifier
from engine.voices.limits import Limits

SHORT_S, LONG_S = 2.0, 3.5  # net speech of the shorter of two takes, for which `Limits.alike` stands


class _Take(NamedTuple):
    mean: FloatArray
    speech_s: float


class Likeness(NamedTuple):
    """Of a take to the take of a voice that speaks for it most. cosine: of their means. least: of one voice, for their length."""

    cosine: float
    least: float


def doubt(samples: Sequence[tuple[Embedding, float]], voice: Voice, known: Sequence[Sample], identifier: Identifier,
          limits: Limits, what: str = "This take", leaving: int | None = None) -> UnlikeVoice | None:
    """Why a take is not added to a voice without being asked; None where it is like the voice, or where nobody can tell.

    samples: (embedding, seconds of speech) of the take. known: those that the voice has, in the same space. identifier: the other
    voices, in that space. what: is compared, as a sentence begins. leaving: id of the voice that the samples are taken from. As
    they are a part of it, it does not count as another voice. Two signs: the take is unlike every take of the voice, or far more
    like another voice. The limits are measured (tests/benchmarks/takes.py); with an encoder that has none this rests.
    """
    take, own = mean([one.vector for one, _ in samples]), likeness(samples, known, limits)
    if take is None or own is None:
        return None
    most = max(float(one.mean @ take) for one in _takes(known).values())  # of all, whatever their length
    if own.cosine < own.least:
        return UnlikeVoice(voice.name, own.cosine, own.least, what=what)
    others = [at for at, one in enumerate(identifier.voices) if one.id not in (voice.id, leaving)]
    if others:
        cosines = identifier.centroids[others] @ take
        nearest = int(np.argmax(cosines))
        if cosines[nearest] > most + limits.nearer:
            rival = identifier.voices[others[nearest]].name, float(cosines[nearest])
            return UnlikeVoice(voice.name, most, own.least, rival, what)
    return None


def likeness(samples: Sequence[tuple[Embedding, float]], known: Sequence[Sample], limits: Limits) -> Likeness | None:
    """How much a take is like a voice; None where there is nothing to compare, or no limit for it. Short takes of one person are
    less alike than long ones."""
    take = mean([one.vector for one, _ in samples])
    if limits.alike is None or take is None:
        return None
    mine, found = _Take(take, sum(length for _, length in samples)), []
    for other in _takes(known).values():
        found.append(Likeness(float(other.mean @ take), _least(mine, other, limits.alike)))
    return max(found, key=lambda one: one.cosine - one.least, default=None)


def strays(known: Sequence[Sample], limits: Limits) -> frozenset[int]:
    """Ids of the takes of a voice that would not have been taken with those that are most of it: two people under one name.

    A take is with another that it is like, and with all that this one is with; most is by seconds of speech.
    """
    left = {} if limits.alike is None else _takes(known)
    groups: list[dict[int, _Take]] = []
    while left and limits.alike is not None:
        first = next(iter(left))
        group, reached = {first: left.pop(first)}, [first]
        while reached:
            one = group[reached.pop()]
            for number, other in list(left.items()):
                if float(one.mean @ other.mean) >= _least(one, other, limits.alike):
                    group[number] = left.pop(number)
                    reached.append(number)
        groups.append(group)
    most = max(groups, key=lambda group: sum(one.speech_s for one in group.values()), default={})
    return frozenset(number for group in groups if group is not most for number in group)


def mean(vectors: Sequence[FloatArray]) -> FloatArray | None:
    """The unit mean of unit vectors, float32 (dim,); None where there are none, or they cancel each other out."""
    try:
        return unit_mean(np.array(vectors, np.float32)) if vectors else None
    except ShapeError:
        return None


def _takes(known: Sequence[Sample]) -> dict[int, _Take]:
    """By id; without those whose samples cancel each other out."""
    by_take: dict[int, list[Sample]] = {}
    for sample in known:
        by_take.setdefault(sample.take_id, []).append(sample)
    means = {number: mean([one.embedding.vector for one in group]) for number, group in by_take.items()}
    return {number: _Take(middle, sum(one.speech_s for one in by_take[number])) for number, middle in means.items()
            if middle is not None}


def _least(one: _Take, other: _Take, alike: tuple[float, float]) -> float:
    return float(np.interp(min(one.speech_s, other.speech_s), (SHORT_S, LONG_S), alike))
