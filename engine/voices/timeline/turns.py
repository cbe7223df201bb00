"""From pieces that have a speaker to turns with edges, where two people may hold the floor at once.

1. The three local people of every window of the segmentation are given to tracks: the assignment that agrees best with the
embeddings of the pieces in which each of them speaks alone. Who speaks alone nowhere in a window is who he is in the windows
beside it. 2. How many speak at a moment is the mean of what the windows say that see it; who, are those with the most chances in
them. 3. Where nobody is left and the speech detector hears somebody, it is whoever the pieces there were given to; where it hears
nobody, short stretches of the segmentation do not count.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from engine.records import FloatArray, Span
from engine.voices.identification import Identifier
from engine.voices.timeline.assignment import Assignment, assign
from engine.voices.timeline.clustering import IntArray
from engine.voices.timeline.local import FRAMES, HOP, PEOPLE, STEP_S, BoolArray, Local, frame_of, time_of
from engine.voices.timeline.people import ANY, People
from engine.voices.timeline.recording import Recording
from engine.voices.timeline.regions import CLEAN_S, NOBODY, runs

GAP_S = 0.3  # a shorter silence of one speaker ends nothing
LEAST_S = 0.1  # a shorter turn is no turn
SCRAP = 0.2  # what a piece counts that is too short to found a group on
SHARED_S = 1.0  # what a second costs in which two local people who are given to one track both speak
FEWER = 0.1  # the mean number of speakers is lowered by this before it is rounded
NEAR_S = 0.1  # so near to what the speech detector hears, the segmentation is believed
SHORT_S = 0.3  # further away, it is believed only where it hears somebody for longer
NEAREST = 4  # tracks that a local person may be given to


def who_spoke(recording: Recording, identifier: Identifier, same: float,
              people: People = ANY) -> tuple[Assignment, list[tuple[int, Span]]]:
    """(whose each piece is, the turns: (track, stretch)). same, people: see `assign`.

    Tracks are in the order of their first turns. One that has no turn comes last.
    """
    assigned = assign(recording.heard, identifier, same, people)
    found = turns(recording, assigned.label, assigned.references)
    order = list(dict.fromkeys([*(track for track, _ in found), *range(len(assigned.tracks))]))
    place = np.argsort(np.array(order, np.int64))  # of each track
    ordered = Assignment(place[assigned.label], tuple(assigned.tracks[track] for track in order), assigned.references[order])
    return ordered, [(int(place[track]), span) for track, span in found]


def turns(recording: Recording, label: IntArray, references: FloatArray) -> list[tuple[int, Span]]:
    """(track, stretch), by their beginnings.

    label: int64 (pieces,), the track of each piece of `heard`. references: float32 (tracks, dim), unit rows.
    """
    if not len(references):
        return []
    local = recording.local
    active = _floor(local, _whose(recording, references), _votes(recording, label, len(references)))
    _fill(active, recording, label)
    _trim(active, recording.speech)
    found: list[tuple[int, Span]] = []
    for track in range(len(references)):
        found += [(track, span) for span in _spans(active[:, track], recording.duration_s)]
    return sorted(found, key=lambda turn: (turn[1].start_s, turn[1].end_s))


def _whose(recording: Recording, references: FloatArray) -> IntArray:
    """int64 (windows, 3): the track of each local person, NOBODY where nothing says it."""
    local, heard = recording.local, recording.heard
    likeness = heard.vectors @ references.T  # (pieces, tracks)
    weight = np.where(heard.lengths_s >= CLEAN_S, 1.0, SCRAP)
    first = frame_of(heard.start_s)
    last = np.maximum(first + 1, frame_of(heard.end_s))
    track = np.full((len(local.lengths), PEOPLE), NOBODY, np.int64)
    for window in range(len(local.lengths)):
        speaks = local.speaks[window]
        alone = speaks & (speaks.sum(axis=1) == 1)[:, None]
        alone = alone if alone.any() else speaks
        begin = window * HOP
        low, high = np.searchsorted(first, begin), np.searchsorted(first, begin + int(local.lengths[window]))
        evidence, seconds = np.zeros((PEOPLE, len(references))), np.zeros(PEOPLE)
        for piece in range(low, high):
            if last[piece] > begin + local.lengths[window]:
                continue
            share = alone[first[piece] - begin:last[piece] - begin].mean(axis=0) * weight[piece] * heard.lengths_s[piece]
            evidence += share[:, None] * likeness[piece]
            seconds += share
        known = np.flatnonzero(seconds > 0)
        if len(known):
            together = (speaks[:, :, None] & speaks[:, None, :]).sum(axis=0) * STEP_S
            track[window, known] = _best(evidence[known], together[np.ix_(known, known)])
    for order in (range(1, len(track)), range(len(track) - 2, -1, -1)):
        for window in order:
            beside = window - 1 if order.step > 0 else window + 1
            _continued(local, track, window, beside)
    return track


def _best(evidence: NDArray[np.float64], together: NDArray[np.float64]) -> IntArray:
    """The tracks of some local people. evidence: (people, tracks), seconds × likeness. together: (people, people), seconds in
    which two of them speak at once."""
    choices = [np.argsort(-row, kind="stable")[:NEAREST].tolist() for row in evidence]
    best, most = (), -np.inf
    for tracks in product(*choices):
        value = sum(evidence[person, track] for person, track in enumerate(tracks))
        value -= SHARED_S * sum(together[one, two] for two in range(len(tracks)) for one in range(two)
                                if tracks[one] == tracks[two])
        if value > most:
            best, most = tracks, value
    return np.array(best, np.int64)


def _continued(local: Local, track: IntArray, window: int, beside: int) -> None:
    """Who is nobody yet in a window is who he is in the one beside it, unless that one is taken."""
    for person in np.flatnonzero((track[window] == NOBODY) & local.speaks[window].any(axis=0)):
        same = np.flatnonzero(local.slot[beside] == local.slot[window, person])
        found = track[beside, same[0]]
        if found != NOBODY and found not in track[window]:
            track[window, person] = found


def _votes(recording: Recording, label: IntArray, tracks: int) -> FloatArray:
    """float32 (frames, tracks): what the pieces say of the frames that are nearest to them, 0–1."""
    heard = recording.heard
    votes = np.zeros((recording.local.frames, tracks), np.float32)
    begins, ends = heard.own
    value = np.where(heard.lengths_s >= CLEAN_S, 1.0, SCRAP)
    for first, last, track, much in zip(frame_of(begins), frame_of(ends), label, value, strict=True):
        votes[first:last, track] = much
    return votes


def _floor(local: Local, track: IntArray, votes: FloatArray) -> BoolArray:
    """bool (frames, tracks): who speaks in each frame."""
    tracks = votes.shape[1]
    active = np.zeros((local.frames, tracks), bool)
    for start in range(0, local.frames, HOP):
        end = min(start + HOP, local.frames)
        chance, count, seen = np.zeros((end - start, tracks)), np.zeros(end - start), np.zeros(end - start)
        for window in local.covering(start, end):
            begin = window * HOP
            low, high = max(start, begin), min(end, begin + int(local.lengths[window]))
            if high <= low:
                continue
            here, there = slice(low - start, high - start), slice(low - begin, high - begin)
            seen[here] += 1
            says, speaks = np.zeros((high - low, tracks)), np.zeros((high - low, tracks), bool)
            for person in np.flatnonzero(track[window] != NOBODY):
                whose = track[window, person]  # two local people may be one
                says[:, whose] = np.maximum(says[:, whose], local.chance[window, there, person])
                speaks[:, whose] |= local.speaks[window, there, person]
            chance[here] += says
            count[here] += speaks.sum(axis=1)
        number = np.floor(count / np.maximum(seen, 1) - FEWER + 0.5).astype(np.int64)
        chance = chance / np.maximum(seen, 1)[:, None] + votes[start:end]
        rank = np.argsort(np.argsort(-chance, axis=1, kind="stable"), axis=1)
        active[start:end] = (rank < number[:, None]) & (chance > 0)
    return active


def _fill(active: BoolArray, recording: Recording, label: IntArray) -> None:
    """Give what only the speech detector hears to the tracks of its pieces, or to whoever speaks nearest. Changes active."""
    heard, speech = recording.heard, recording.speech
    first, last = frame_of(heard.start_s), frame_of(heard.end_s)
    middle = (first + last) / 2
    for start, end in runs((speech & ~active.any(axis=1)).astype(np.int64)):
        if not speech[start] or active[start].any():
            continue
        there = np.flatnonzero((first < end) & (last > start))
        if len(there):
            there = there[np.argsort(middle[there], kind="stable")]
            edges = (middle[there][1:] + middle[there][:-1]) / 2
            nearest = there[np.searchsorted(edges, np.arange(start, end))]
            active[np.arange(start, end), label[nearest]] = True
        elif (beside := _beside(active, start, end)) is not None:
            active[start:end, beside] = True


def _trim(active: BoolArray, speech: BoolArray) -> None:
    """Take away short stretches in which the segmentation alone hears somebody: pauses, and what goes on sounding after a word.
    A long one may be somebody far away. Changes active."""
    heard = np.convolve(speech, np.ones(2 * round(NEAR_S / STEP_S) + 1), "same") > 0 if len(speech) else speech
    alone = active.any(axis=1) & ~heard
    for start, end in runs(alone.astype(np.int64)):
        if alone[start] and (end - start) * STEP_S <= SHORT_S:
            active[start:end] = False


def _beside(active: BoolArray, start: int, end: int) -> int | None:
    """Who speaks right before or after, within one window."""
    before = active[max(0, start - FRAMES):start][::-1]
    after = active[end:end + FRAMES]
    reached = [(int(np.argmax(part.any(axis=1))), int(part[int(np.argmax(part.any(axis=1)))].argmax()))
               for part in (before, after) if part.any()]
    return min(reached)[1] if reached else None


def _spans(active: BoolArray, duration_s: float) -> list[Span]:
    """The stretches of one track."""
    found: list[Span] = []
    for start, end in runs(active.astype(np.int64)):
        if not active[start]:
            continue
        span = Span(time_of(start), min(duration_s, time_of(end)))
        if found and span.start_s - found[-1].end_s <= GAP_S:
            found[-1] = Span(found[-1].start_s, span.end_s)
        elif span.end_s > span.start_s:
            found.append(span)
    return [span for span in found if span.duration_s >= LEAST_S]
