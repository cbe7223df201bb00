"""Where one person speaks alone, and the pieces of it that are embedded.

A region is a run of frames in which the segmentation hears one person, the same one, short pauses included. Where it hears nobody
and the speech detector does, that is a region too: of somebody whom the segmentation does not hear.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.audio.speech import CHUNK, THRESHOLD
from engine.records import Span
from engine.voices.timeline.local import FIRST_S, PEOPLE, RATE_HZ, STEP_S, BoolArray, IntArray, Local, time_of

SPEECH_ON, SPEECH_OFF = THRESHOLD, THRESHOLD - 0.15  # probability that starts and that ends speech (Silero's own)
LEAST_SPEECH_S = 0.2  # speech of the detector that is shorter is a click or a breath
PIECE_S = 1.5  # what is embedded at a time
PIECE_HOP_S = 0.75  # from one piece to the next in a region
LEAST_HOP_S = 0.1  # to the last one, which ends with the region
CLEAN_S = 0.5  # shorter pieces found no group
SCRAP_S = 0.2  # shorter ones say nothing
PAUSE_S = 0.3  # a shorter silence of one person parts nothing
NOBODY = -1
DETECTOR = PEOPLE  # in the place of a number: somebody whom the detector alone hears


@dataclass(frozen=True)
class Regions:
    """pieces: stretches to embed, in order. of: int64 (pieces,), the region of each."""

    pieces: tuple[Span, ...]
    of: IntArray


def regions(local: Local, speech: BoolArray) -> Regions:
    """speech: bool (frames,), where the detector hears somebody. Where nobody speaks alone anywhere, those who speak together
    are cut as if they were one."""
    own = local.own()
    count = own.sum(axis=1)
    alone = np.where(count == 1, own.argmax(axis=1), np.where((count == 0) & speech, DETECTOR, NOBODY))  # who speaks alone
    for start, end in runs((count == 0).astype(np.int64)):
        short = (end - start) * STEP_S <= PAUSE_S and start > 0 and end < len(alone)
        if short and count[start] == 0 and alone[start - 1] == alone[end]:
            alone[start:end] = alone[end]
    return _cut(alone) or _cut(np.where(count > 0, 0, NOBODY)) or Regions((), np.zeros(0, np.int64))


def _cut(alone: IntArray) -> Regions | None:
    """The pieces of all regions; None where there are none. alone: int64 (frames,), who speaks alone, or NOBODY."""
    pieces: list[Span] = []
    of: list[int] = []
    for number, (start, end) in enumerate(runs(alone)):
        if alone[start] != NOBODY:
            own = cut(Span(time_of(start), time_of(end)))
            pieces += own
            of += [number] * len(own)
    return Regions(tuple(pieces), np.array(of, np.int64)) if pieces else None


def cut(span: Span) -> list[Span]:
    """The pieces of one region: the last one ends with it."""
    if span.duration_s < SCRAP_S:
        return []
    if span.duration_s <= PIECE_S:
        return [span]
    starts = np.arange(span.start_s, span.end_s - PIECE_S - LEAST_HOP_S, PIECE_HOP_S)
    return [Span(float(at), float(at) + PIECE_S) for at in starts] + [Span(span.end_s - PIECE_S, span.end_s)]


def speech_frames(probabilities: Sequence[float], frames: int) -> BoolArray:
    """Where the detector hears somebody, by frames. probabilities: of its chunks of 512 samples."""
    speaking, active = False, np.zeros(len(probabilities), bool)
    for at, probability in enumerate(probabilities):
        speaking = probability >= (SPEECH_OFF if speaking else SPEECH_ON)
        active[at] = speaking
    for start, end in runs(active.astype(np.int64)):
        if active[start] and (end - start) * CHUNK < LEAST_SPEECH_S * RATE_HZ:
            active[start:end] = False
    if not len(active):
        return np.zeros(frames, bool)
    middle = FIRST_S + (np.arange(frames) + 0.5) * STEP_S
    return active[np.clip((middle * RATE_HZ / CHUNK).astype(np.int64), 0, len(active) - 1)]


def runs(values: IntArray) -> list[tuple[int, int]]:
    """(start, end) of the runs of equal numbers."""
    edges = np.flatnonzero(np.diff(values)) + 1
    starts, ends = [0, *edges.tolist()], [*edges.tolist(), len(values)]
    return [(start, end) for start, end in zip(starts, ends, strict=True) if end > start]
