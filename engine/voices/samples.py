"""What is odd about samples, and voices that are too much alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from engine.errors import ShapeError
from engine.index import unit_mean
from engine.records import ClosePair, Embedding, FloatArray, Sample, SampleCheck, Take
from engine.voices.identification import Identifier
from engine.voices.likeness import strays
from engine.voices.limits import Limits
from engine.voices.takes import NOISY_SNR_DB

SHORT_S = 1.5
LEAST_FOR_SPREAD = 4  # samples, below which their spread says nothing
SPREADS = 4.0  # median absolute deviations (scaled to standard deviations) below the median


def check(samples: Sequence[Sample], takes: Mapping[int, Take], names: Mapping[int, str], limits: Limits,
          voice_id: int | None = None) -> list[SampleCheck]:
    """Every sample with what is odd about it. samples: of all voices; takes, names: by id of take and of voice.

    limits: of their encoder; a likeness below `apart` is odd of itself, and so are samples of a take that is unlike the others.
    voice_id: only the samples of this voice.
    """
    groups: dict[int, list[Sample]] = {}
    for one in samples:
        groups.setdefault(one.voice_id, []).append(one)
    means = {voice: mean for voice, group in groups.items() if voice in names and (mean := _mean(group)) is not None}
    order, centroids = list(means), np.array(list(means.values()), np.float32)  # (voices, dim)
    found = []
    for voice, group in groups.items():
        if voice_id not in (None, voice):
            continue
        likenesses = [_likeness(one, [other for other in group if other is not one]) for one in group]
        limit = _limit([value for value in likenesses if value is not None], limits)
        apart = strays(group, limits)
        others = np.array([other != voice for other in order], bool)
        rivals = [order[at] for at in np.flatnonzero(others)]
        cosines = np.array([one.embedding.vector for one in group], np.float32) @ centroids[others].T if rivals else None
        for at, (one, likeness) in enumerate(zip(group, likenesses, strict=True)):
            flags: list[Literal["far", "nearer", "short", "noisy"]] = []
            own = one.similarity if likeness is None else likeness
            rival = None if cosines is None else int(np.argmax(cosines[at]))
            nearer = names[rivals[rival]] if rival is not None and cosines is not None and cosines[at, rival] > own else None
            take = takes[one.take_id]
            if one.take_id in apart or (likeness is not None and likeness < limit):
                flags.append("far")
            if nearer is not None:
                flags.append("nearer")
            if one.speech_s < SHORT_S:
                flags.append("short")
            if take.snr_db < NOISY_SNR_DB:
                flags.append("noisy")
            found.append(SampleCheck(one, take, likeness, nearer, tuple(flags)))
    return found


def close_pairs(identifier: Identifier) -> list[ClosePair]:
    """Pairs of voices of which one's centroid would be taken for the other, nearest first; similarities are the back-end's."""
    names = [voice.name for voice in identifier.voices]
    if len(names) < 2:
        return []
    table = [identifier.similarities(Embedding(row, 1.0)) for row in identifier.centroids]
    found = []
    for first in range(len(names)):
        for second in range(first + 1, len(names)):
            likeness = float(max(table[first][second], table[second][first]))
            if likeness >= identifier.threshold:
                found.append(ClosePair(names[first], names[second], likeness))
    return sorted(found, key=lambda pair: -pair.similarity)


def _mean(group: Sequence[Sample]) -> FloatArray | None:
    try:
        return unit_mean(np.array([one.embedding.vector for one in group], np.float32))
    except ShapeError:  # samples that cancel each other out
        return None


def _likeness(one: Sample, others: Sequence[Sample]) -> float | None:
    mean = _mean(others) if others else None
    return None if mean is None else float(mean @ one.embedding.vector)


def _limit(values: Sequence[float], limits: Limits) -> float:
    found = [-2.0 if limits.apart is None else limits.apart]
    if len(values) >= LEAST_FOR_SPREAD:
        middle = float(np.median(values))
        spread = 1.4826 * float(np.median(np.abs(np.array(values) - middle)))
        found.append(middle - max(limits.gap, SPREADS * spread))
    return max(found)
