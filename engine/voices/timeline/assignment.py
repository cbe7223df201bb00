"""Whose is each piece: enrolled voices where the identifier says so, groups of strangers elsewhere, smoothed in time.

1. Pieces are grouped by likeness (`clustering`); groups that are too small go to the nearest. 2. The identifier is asked about
every group, and about every stretch of a few seconds inside one; who is matched for long enough is present. 3. What is left of
the groups are strangers. 4. A Viterbi path over the pieces gives each to a voice that is present or to a stranger, where changing
costs something, so that one odd piece inside a sentence makes no turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.index import unit_mean
from engine.records import Embedding, FloatArray, Identification, IdentificationStatus
from engine.voices.identification import Identifier
from engine.voices.timeline.clustering import IntArray, at_most, cluster
from engine.voices.timeline.people import ANY, People
from engine.voices.timeline.regions import CLEAN_S, PIECE_S

LEAST_S = 1.5  # speech of a voice, in stretches that are its own, from which on it is present
SMALL_S, SMALL_SHARE, SMALL_MOST_S = 0.8, 0.02, 6.0  # a group is none that says less than this, or than a share (up to a limit)
STRETCH = 6  # pieces that are asked about together: about 5 s
SHARPNESS = 10.0  # of the cosine, as a logarithm of likelihood
CHANGE = 0.5  # cost of a change of speaker inside a region; half of it between two
PASSES = 2
STEP, MOST_LIKE = 0.03, 0.9  # of the likeness, and how far it goes, while more groups are sought: more people were told


@dataclass(frozen=True)
class Heard:
    """Embedded pieces of one recording, in order.

    start_s, end_s: float64 (n,). run: int64 (n,), which region. vectors: float32 (n, dim), unit rows.
    norms: float32 (n,), lengths before normalisation. narrow: bool (n,), whether their band is a telephone's.
    """

    start_s: NDArray[np.float64]
    end_s: NDArray[np.float64]
    run: IntArray
    vectors: FloatArray
    norms: FloatArray
    narrow: NDArray[np.bool_]

    @property
    def lengths_s(self) -> NDArray[np.float64]:
        return self.end_s - self.start_s

    @property
    def own(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(begin, end) of what lies nearer to the middle of a piece than to that of any other in its region, in seconds."""
        middle = (self.start_s + self.end_s) / 2
        edge = (middle[1:] + middle[:-1]) / 2
        apart = self.run[1:] != self.run[:-1]
        return (np.concatenate([self.start_s[:1], np.where(apart, self.start_s[1:], edge)]),
                np.concatenate([np.where(apart, self.end_s[:-1], edge), self.end_s[-1:]]))

    @property
    def own_s(self) -> NDArray[np.float64]:
        begins, ends = self.own
        return ends - begins

    def __len__(self) -> int:
        return len(self.start_s)


@dataclass(frozen=True)
class Track:
    """One who speaks. voice_id is None for a stranger. status, similarity: of all that it says, taken together."""

    voice_id: int | None
    status: IdentificationStatus
    similarity: float | None


@dataclass(frozen=True)
class Assignment:
    """label: int64 (n,), the track of each piece; tracks in the order in which they are first heard. references: float32
    (tracks, dim), unit rows, what each of them sounds like."""

    label: IntArray
    tracks: tuple[Track, ...]
    references: FloatArray


def assign(heard: Heard, identifier: Identifier, same: float, people: People = ANY) -> Assignment:
    """Give every piece to a track. same: see `Limits`. people: how many speak, where that was told. Nothing heard: no tracks."""
    if not len(heard):
        return Assignment(np.zeros(0, np.int64), (), np.zeros((0, heard.vectors.shape[1]), np.float32))
    groups = _grouped(heard, same, people)
    voices, taken = _present(heard, groups, identifier)
    groups[taken] = -1
    strangers = [unit_mean(heard.vectors[groups == group]) for group in np.unique(groups[groups >= 0])]
    states: list[int | None] = [*voices, *[None] * len(strangers)]
    references = [*(identifier.centroids[index] for index in voices), *strangers]
    states, label = _path(heard, identifier, states, np.array(references, np.float32), people)
    return _named(heard, label, states, identifier)


def smoothed(likeness: FloatArray, weight: NDArray[np.float64], run: IntArray) -> IntArray:
    """The best path of tracks through the pieces (Viterbi 1967).

    likeness: float32 (n, tracks), cosines. weight: float64 (n,), 0–1, how much a piece has to say. run: int64 (n,).
    Returns int64 (n,).
    """
    gains = SHARPNESS * likeness * weight[:, None]
    n, tracks = gains.shape
    came = np.empty((n, tracks), np.int64)
    best = gains[0].astype(np.float64)
    own = np.arange(tracks)
    for at in range(1, n):
        top = int(np.argmax(best))
        changed = best[top] - (CHANGE if run[at] == run[at - 1] else CHANGE / 2)
        came[at] = np.where(best >= changed, own, top)
        best = np.maximum(best, changed) + gains[at]
    path = np.empty(n, np.int64)
    path[-1] = int(np.argmax(best))
    for at in range(n - 1, 0, -1):
        path[at - 1] = came[at, path[at]]
    return path


def speech_s(heard: Heard, which: NDArray[np.bool_]) -> float:
    """Seconds that the chosen pieces cover; what two of them share counts once."""
    total, reached = 0.0, -1.0
    for start, end in zip(heard.start_s[which], heard.end_s[which], strict=True):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total


def mean_of(heard: Heard, which: NDArray[np.bool_]) -> Embedding:
    """The embedding of some pieces together."""
    return Embedding(unit_mean(heard.vectors[which]), float(heard.norms[which].mean()))


# --- inside -----------------------------------------------------------------------------------------------------------


def _asked(heard: Heard, which: NDArray[np.bool_], identifier: Identifier) -> Identification:
    return identifier.identify(mean_of(heard, which), speech_s(heard, which), narrow=bool(heard.narrow[which].mean() > 0.5))


def _grouped(heard: Heard, same: float, people: People) -> IntArray:
    """int64 (n,): the group of each piece, −1 for those that are too short to found one."""
    sound = heard.lengths_s >= CLEAN_S
    if not sound.any():
        sound[:] = True
    fewest, most = people

    def found(likeness: float) -> IntArray:
        groups = np.full(len(heard), -1, np.int64)
        groups[sound] = cluster(heard.vectors[sound], likeness)
        return _settled(heard, groups)

    groups = found(same)
    likeness = same
    while groups.max() + 1 < fewest and likeness < MOST_LIKE:
        likeness += STEP
        more = found(likeness)
        if more.max() < groups.max():  # what is left are splinters, which found nothing
            break
        groups = more
    return groups if most is None else at_most(heard.vectors, groups, most)


def _settled(heard: Heard, groups: IntArray) -> IntArray:
    """The groups without those that are too small: their pieces go to the nearest of the others."""
    count = int(groups.max()) + 1
    lengths = np.bincount(groups[groups >= 0], weights=heard.own_s[groups >= 0], minlength=count)
    least_s = min(max(SMALL_S, SMALL_SHARE * float(lengths.sum())), SMALL_MOST_S)
    large = np.flatnonzero(lengths >= least_s)
    if not len(large):
        large = np.array([int(np.argmax(lengths))])
    means = np.stack([unit_mean(heard.vectors[groups == group]) for group in large])
    new = np.full(len(groups), -1, np.int64)
    for group in range(count):
        mine = groups == group
        at = np.flatnonzero(large == group)
        new[mine] = at[0] if len(at) else (heard.vectors[mine] @ means.T).argmax(axis=1)
    return new


def _present(heard: Heard, groups: IntArray, identifier: Identifier) -> tuple[list[int], NDArray[np.bool_]]:
    """(positions of the voices that are heard, pieces that are taken by them: bool (n,))."""
    position = {voice.id: at for at, voice in enumerate(identifier.voices)}
    seconds = np.zeros(len(position))
    mine_of = np.zeros((len(position), len(heard)), bool)

    def add(mine: NDArray[np.bool_], found: Identification, length_s: float) -> None:
        voice = position[found.candidates[0].voice_id]
        seconds[voice] += length_s
        mine_of[voice] |= mine

    if position:
        for group in range(int(groups.max()) + 1):
            found = _asked(heard, mine := groups == group, identifier)
            if found.status in ("match", "tentative"):
                add(mine, found, LEAST_S)
        for mine in _stretches(groups, heard.run):
            found = _asked(heard, mine, identifier)
            if found.status == "match":
                add(mine, found, speech_s(heard, mine))
    there = np.flatnonzero(seconds >= LEAST_S)
    taken: NDArray[np.bool_] = np.any(mine_of[there], axis=0)
    return there.tolist(), taken


def _stretches(groups: IntArray, run: IntArray) -> Iterator[NDArray[np.bool_]]:
    """Pieces that follow each other in one region and one group, at most STRETCH of them at a time."""
    start = 0
    for at in range(1, len(groups) + 1):
        if at < len(groups) and (groups[at], run[at]) == (groups[start], run[start]) and at - start < STRETCH:
            continue
        if groups[start] >= 0:
            mine = np.zeros(len(groups), bool)
            mine[start:at] = True
            yield mine
        start = at


def _path(heard: Heard, identifier: Identifier, states: list[int | None], references: FloatArray,
          people: People) -> tuple[list[int | None], IntArray]:
    """Smooth; move the references to what they were given and drop who was given next to nothing or is one too many; smooth
    again.

    states: position of a voice, or None, for each reference. Returns the states that are left, and the path.
    """
    fewest, most = people
    weight = np.minimum(1.0, heard.lengths_s / PIECE_S)
    label = smoothed(heard.vectors @ references.T, weight, heard.run)
    for _ in range(PASSES):
        lengths = np.bincount(label, weights=heard.own_s, minlength=len(states))
        order = np.argsort(-lengths, kind="stable")
        kept = sorted(int(state) for at, state in enumerate(order) if (most is None or at < most)
                      and (lengths[state] >= SMALL_S or (at < fewest and lengths[state] > 0)))
        if not kept:
            kept = [int(order[0])]
        moved = []
        for state in kept:
            own = unit_mean(heard.vectors[label == state])
            at = states[state]
            moved.append(own if at is None else unit_mean(np.stack([own, identifier.centroids[at]])))
        states, references = [states[state] for state in kept], np.array(moved, np.float32)
        label = smoothed(heard.vectors @ references.T, weight, heard.run)
    return states, label


def _named(heard: Heard, label: IntArray, states: list[int | None], identifier: Identifier) -> Assignment:
    """The tracks as a whole have the last word: who is not recognised is a stranger, who is, is no stranger."""
    tracks: list[Track] = []
    track_of: dict[int, int] = {}  # by voice id
    new = np.empty(len(label), np.int64)
    for state in dict.fromkeys(label.tolist()):
        mine = label == state
        found = _asked(heard, mine, identifier)
        nearest = found.candidates[0].voice_id if found.candidates else None
        known = states[state] is not None or found.status == "match"
        if found.status not in ("match", "tentative") or not known:
            nearest = None
        if nearest is not None and nearest in track_of:
            new[mine] = track_of[nearest]
            continue
        new[mine] = len(tracks)
        if nearest is not None:
            track_of[nearest] = len(tracks)
        tracks.append(Track(nearest, found.status if nearest is not None else "unknown", found.similarity))
    references = [unit_mean(heard.vectors[new == track]) for track in range(len(tracks))]
    return Assignment(new, tuple(tracks), np.array(references, np.float32))
