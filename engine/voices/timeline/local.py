"""Who speaks, window by window: the segmentation of a recording on one grid of frames, with its three people told apart anew in
every window of ten seconds, and linked from window to window.

Windows begin every HOP frames, so that frames of all windows lie on each other. A frame belongs to the window whose middle is
nearest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.records import FloatArray

RATE_HZ = 16_000
STEP = 270  # samples from one frame to the next, as in engine/nets/segmentation.py
FIELD = 991  # samples that a frame sees
STEP_S = STEP / RATE_HZ
FIRST_S = (FIELD - STEP) / 2 / RATE_HZ  # where the stretch that the first frame stands for begins
WINDOW = 160_000  # samples
FRAMES = 589  # of a window
HOP = 148  # frames from one window to the next: 2.5 s
PEOPLE = 3
CLASSES = ((), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2))
BATCH = 8  # windows that are asked about together

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]


class Segmenter(Protocol):
    """Gives the chances of CLASSES for each frame of some windows, see `SpeakerSegmentation`."""

    def classes(self, waves: Sequence[FloatArray]) -> list[FloatArray]: ...


@dataclass(frozen=True)
class Local:
    """What the segmentation said of a recording.

    chance: float16 (windows, 589, 3), how probable it is that each of three speaks. speaks: bool (windows, 589, 3), who does in
    the most probable class. lengths: int64 (windows,), frames that each window has; the last one may have fewer. slot: int64
    (windows, 3), to whom of the window before each of the three was linked, in numbers that hold as long as they are heard.
    """

    chance: NDArray[np.float16]
    speaks: BoolArray
    lengths: IntArray
    slot: IntArray

    @property
    def frames(self) -> int:
        return int((len(self.lengths) - 1) * HOP + self.lengths[-1]) if len(self.lengths) else 0

    def covering(self, first: int, last: int) -> range:
        """Windows that see some of the frames first to last − 1."""
        low = max(0, -(-(first - FRAMES + 1) // HOP))
        return range(low, min(len(self.lengths), (last - 1) // HOP + 1))

    def owner(self) -> IntArray:
        """int64 (frames,): the window whose middle is nearest."""
        nearest = np.round((np.arange(self.frames) - FRAMES / 2) / HOP)
        return np.clip(nearest, 0, max(0, len(self.lengths) - 1)).astype(np.int64)

    def own(self) -> BoolArray:
        """bool (frames, 3): who speaks in each frame by its own window, under the numbers of `slot`."""
        found = np.zeros((self.frames, PEOPLE), bool)
        edges = np.searchsorted(self.owner(), np.arange(len(self.lengths) + 1))
        for window in range(len(self.lengths)):
            start, end = edges[window], edges[window + 1]
            found[start:end, self.slot[window]] = self.speaks[window, start - window * HOP:end - window * HOP]
        return found


class LocalListener:
    """Takes the sound of a recording block by block and asks the segmentation. Holds one batch of windows."""

    def __init__(self, segmenter: Segmenter) -> None:
        self._segmenter = segmenter
        self._wave: FloatArray = np.zeros(0, np.float32)  # from the beginning of the next window on
        self._chance: list[NDArray[np.float16]] = []
        self._speaks: list[BoolArray] = []
        self._lengths: list[int] = []

    def push(self, wave: FloatArray) -> None:
        """float32 (n,) at 16 kHz, the next of the recording."""
        self._wave = np.concatenate([self._wave, wave])
        hop = HOP * STEP
        while len(self._wave) >= WINDOW + (BATCH - 1) * hop:
            self._ask([self._wave[at * hop:at * hop + WINDOW] for at in range(BATCH)])
            self._wave = self._wave[BATCH * hop:].copy()

    def finish(self) -> Local:
        """The recording is over."""
        hop = HOP * STEP
        starts = [0] if len(self._wave) else []
        while starts and starts[-1] + WINDOW < len(self._wave):
            starts.append(starts[-1] + hop)
        windows = [self._wave[start:start + WINDOW] for start in starts]
        self._ask([window for window in windows if len(window) >= FIELD + STEP])
        self._wave = self._wave[:0]
        count = len(self._lengths)
        chance = np.array(self._chance, np.float16).reshape(count, FRAMES, PEOPLE)
        speaks = np.array(self._speaks, bool).reshape(count, FRAMES, PEOPLE)
        return Local(chance, speaks, np.array(self._lengths, np.int64), linked(chance))

    def _ask(self, windows: Sequence[FloatArray]) -> None:
        for found in self._segmenter.classes(windows):
            chance, speaks = np.zeros((FRAMES, PEOPLE), np.float16), np.zeros((FRAMES, PEOPLE), bool)
            best = found.argmax(axis=1)
            for person in range(PEOPLE):
                among = [number for number, people in enumerate(CLASSES) if person in people]
                chance[:len(found), person] = found[:, among].sum(axis=1)
                speaks[:len(found), person] = np.isin(best, among)
            self._chance.append(chance)
            self._speaks.append(speaks)
            self._lengths.append(len(found))


def linked(chance: NDArray[np.float16]) -> IntArray:
    """The numbers under which the three of each window go on: those of the window before in the order that agrees best with it
    where both see the same sound. chance: (windows, 589, 3). Returns int64 (windows, 3)."""
    slot = np.empty((len(chance), PEOPLE), np.int64)
    orders = [list(order) for order in permutations(range(PEOPLE))]
    for window in range(len(chance)):
        if window == 0:
            slot[window] = np.arange(PEOPLE)
            continue
        before, now = chance[window - 1, HOP:].astype(np.float32), chance[window, :FRAMES - HOP].astype(np.float32)
        alike = before.T @ now  # (of the window before, of this one)
        best = max(orders, key=lambda order: float(sum(alike[one, at] for at, one in enumerate(order))))
        slot[window] = slot[window - 1][best]
    return slot


def time_of(frame: int) -> float:
    """Where the stretch that a frame stands for begins, in seconds."""
    return max(0.0, FIRST_S + frame * STEP_S) if frame else 0.0


def frame_of(time_s: NDArray[np.float64]) -> IntArray:
    """The frame whose stretch begins nearest to each time: float64 (n,) → int64 (n,)."""
    return np.maximum(0, np.round((time_s - FIRST_S) / STEP_S)).astype(np.int64)
