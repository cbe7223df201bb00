"""Whose is each window: enrolled voices where the identifier says so, groups of strangers elsewhere, smoothed in time.

1. Windows are grouped by likeness (`clustering`). 2. The identifier is asked about every group, and about every stretch
of a few seconds inside one; who is matched for long enough is present. 3. What is left of the groups are strangers.
4. A Viterbi path over the windows gives each to a voice that is present or to a stranger, where changing costs
something, so that one odd window inside a sentence makes no turn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.index import unit_mean
from engine.records import Embedding, FloatArray, Identification, IdentificationStatus
from engine.voices.identification import Identifier
from engine.voices.timeline.clustering import IntArray, cluster
from engine.voices.timeline.windows import WINDOW_S

# chosen by tests/benchmarks/timeline.py
SOUND_S = 1.0  # a shorter window says too little to found a group on
LEAST_S = 1.5  # speech of a stranger, or of a voice in stretches that are its own, from which on it counts
STRETCH = 8  # windows that are asked about together: about 4.4 s
SHARPNESS = 10.0  # of the cosine, as a logarithm of likelihood
CHANGE = 0.5  # cost of a change of speaker inside a run of speech; half of it between two runs
PASSES = 2


@dataclass(frozen=True)
class Heard:
    """Embedded windows of one recording, in order.

    start_s, end_s: float64 (n,). run: int64 (n,), which span of speech. vectors: float32 (n, dim), unit rows.
    norms: float32 (n,), lengths before normalisation.
    """

    start_s: NDArray[np.float64]
    end_s: NDArray[np.float64]
    run: IntArray
    vectors: FloatArray
    norms: FloatArray

    @property
    def lengths_s(self) -> NDArray[np.float64]:
        return self.end_s - self.start_s

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
    """label: int64 (n,), the track of each window; tracks in the order in which they are first heard."""

    label: IntArray
    tracks: tuple[Track, ...]


def assign(heard: Heard, identifier: Identifier, same: float) -> Assignment:
    """Give every window to a track. same: see `Limits`. Nothing heard: no tracks."""
    if not len(heard):
        return Assignment(np.zeros(0, np.int64), ())
    sound = heard.lengths_s >= SOUND_S
    if not sound.any():
        sound[:] = True
    groups = np.full(len(heard), -1, np.int64)
    groups[sound] = cluster(heard.vectors[sound], same)
    voices, taken = _present(heard, groups, identifier)
    groups[taken] = -1
    strangers = _strangers(heard, groups)
    states: list[int | None] = [*voices, *[None] * len(strangers)]
    references = [*(identifier.centroids[index] for index in voices), *strangers]
    if not states:  # nothing is long enough to stand for itself: one stranger
        states, references = [None], [unit_mean(heard.vectors)]
    states, label = _path(heard, identifier, states, np.array(references, np.float32))
    return _named(heard, label, states, identifier)


def smoothed(likeness: FloatArray, weight: NDArray[np.float64], run: IntArray) -> IntArray:
    """The best path of tracks through the windows (Viterbi 1967).

    likeness: float32 (n, tracks), cosines. weight: float64 (n,), 0–1, how much a window has to say. run: int64 (n,).
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
    """Seconds that the chosen windows cover; what two of them share counts once."""
    total, reached = 0.0, -1.0
    for start, end in zip(heard.start_s[which], heard.end_s[which], strict=True):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total


def mean_of(heard: Heard, which: NDArray[np.bool_]) -> Embedding:
    """The embedding of some windows together."""
    return Embedding(unit_mean(heard.vectors[which]), float(heard.norms[which].mean()))


# --- inside -----------------------------------------------------------------------------------------------------------


def _asked(heard: Heard, which: NDArray[np.bool_], identifier: Identifier) -> Identification:
    return identifier.identify(mean_of(heard, which), speech_s(heard, which))


def _present(heard: Heard, groups: IntArray, identifier: Identifier) -> tuple[list[int], NDArray[np.bool_]]:
    """(positions of the voices that are heard, windows that are taken by them: bool (n,))."""
    taken = np.zeros(len(heard), bool)
    if not identifier.voices:
        return [], taken
    position = {voice.id: at for at, voice in enumerate(identifier.voices)}
    seconds: dict[int, float] = {}
    for group in range(int(groups.max()) + 1):
        mine = groups == group
        found = _asked(heard, mine, identifier)
        if found.status in ("match", "tentative"):
            voice = position[found.candidates[0].voice_id]
            seconds[voice] = seconds.get(voice, 0.0) + LEAST_S
            taken |= mine
    for mine in _stretches(groups, heard.run):
        found = _asked(heard, mine, identifier)
        if found.status == "match":
            voice = position[found.candidates[0].voice_id]
            seconds[voice] = seconds.get(voice, 0.0) + speech_s(heard, mine)
            taken |= mine
    return sorted(voice for voice, length in seconds.items() if length >= LEAST_S), taken


def _stretches(groups: IntArray, run: IntArray) -> list[NDArray[np.bool_]]:
    """Windows that follow each other in one run and one group, at most STRETCH of them at a time."""
    found = []
    start = 0
    for at in range(1, len(groups) + 1):
        if at < len(groups) and (groups[at], run[at]) == (groups[start], run[start]) and at - start < STRETCH:
            continue
        if groups[start] >= 0:
            mine = np.zeros(len(groups), bool)
            mine[start:at] = True
            found.append(mine)
        start = at
    return found


def _strangers(heard: Heard, groups: IntArray) -> list[FloatArray]:
    """The means of the groups that are long enough; where nobody else is there, of the longest."""
    lengths = [speech_s(heard, groups == group) for group in range(int(groups.max()) + 1)]
    kept = [group for group, length in enumerate(lengths) if length >= LEAST_S]
    return [unit_mean(heard.vectors[groups == group]) for group in kept]


def _path(heard: Heard, identifier: Identifier, states: list[int | None],
          references: FloatArray) -> tuple[list[int | None], IntArray]:
    """Smooth; move the references to what they were given and drop who was given next to nothing; smooth again.

    states: position of a voice, or None, for each reference. Returns the states that are left, and the path.
    """
    weight = np.minimum(1.0, heard.lengths_s / WINDOW_S)
    label = smoothed(heard.vectors @ references.T, weight, heard.run)
    for _ in range(PASSES):
        lengths = [speech_s(heard, label == state) for state in range(len(states))]
        kept = [state for state, length in enumerate(lengths) if length >= LEAST_S] or [int(np.argmax(lengths))]
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
    return Assignment(new, tuple(tracks))
