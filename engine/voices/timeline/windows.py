"""From a stream of sound to windows of speech: where somebody speaks, cut into overlapping stretches to embed.

Works block by block, so that a recording of any length needs the memory of one block.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.audio.speech import CHUNK, RATE_HZ
from engine.records import FloatArray, Span

SPEECH_ON, SPEECH_OFF = 0.5, 0.35  # probability that starts and that ends speech (Silero's own)
LEAST_S = 0.2  # speech shorter than this is a click or a breath
GAP_S = 0.2  # a shorter silence between words ends nothing
PAD_S = 0.03  # kept on each side for soft consonants; both chosen by tests/benchmarks/timeline.py
WINDOW_S = 1.6  # what is embedded at a time; chosen by tests/benchmarks/timeline.py
HOP_S = 0.4  # from one window to the next


@dataclass(frozen=True)
class Window:
    """One stretch to embed. span: where it lies. run: number of the span of speech that it was cut from. wave: 16 kHz."""

    span: Span
    run: int
    wave: FloatArray


class WindowCutter:
    """Takes sound with its speech probabilities and gives the windows that are complete. Used by one thread."""

    def __init__(self, window_s: float = WINDOW_S, hop_s: float = HOP_S, pad_s: float = PAD_S, gap_s: float = GAP_S) -> None:
        self._window, self._hop = round(window_s * RATE_HZ), round(hop_s * RATE_HZ)
        self._pad, self._gap, self._least = (round(s * RATE_HZ) for s in (pad_s, gap_s, LEAST_S))
        self._wave: FloatArray = np.zeros(0, np.float32)  # sound from sample self._from on
        self._from = 0
        self._chunks = 0  # how many chunks have been judged
        self._begin: int | None = None  # of the speech that goes on, in samples
        self._last = 0  # end of its last chunk of speech
        self._speaking = False
        self._next = 0  # where its next window begins
        self._run = 0
        self._behind = 0  # end of the last span: padding does not reach back over it
        self.spans: list[Span] = []  # speech that has ended

    def push(self, wave: FloatArray, probabilities: Sequence[float]) -> list[Window]:
        """wave: float32 (n,) at 16 kHz, the next of the stream. probabilities: of the chunks of 512 samples that it completed."""
        self._wave = np.concatenate([self._wave, wave])
        found: list[Window] = []
        for probability in probabilities:
            found += self._follow(probability)
        if self._begin is not None:
            found += self._whole(self._last)
        self._forget()
        return found

    def finish(self) -> list[Window]:
        """The stream is over."""
        found = self._end(self._from + len(self._wave)) if self._begin is not None else []
        self._wave = np.zeros(0, np.float32)
        return found

    # --- inside -------------------------------------------------------------------------------------------------------

    def _follow(self, probability: float) -> list[Window]:
        at = self._chunks * CHUNK
        self._chunks += 1
        if probability >= (SPEECH_OFF if self._speaking else SPEECH_ON):
            self._speaking = True
            if self._begin is None:
                self._begin = self._next = max(0, self._behind, at - self._pad)
            self._last = at + CHUNK
            return []
        self._speaking = False
        if self._begin is not None and at + CHUNK - self._last >= self._gap:
            return self._end(at + CHUNK)
        return []

    def _whole(self, end: int) -> list[Window]:
        """Windows of the speech that goes on that lie before `end`."""
        found = []
        while self._next + self._window <= end:
            found.append(self._cut(self._next, self._next + self._window))
            self._next += self._hop
        return found

    def _end(self, until: int) -> list[Window]:
        """End the speech: its last window ends where it does. until: end of what is known of the sound."""
        assert self._begin is not None
        begin, end = self._begin, min(self._last + self._pad, until)
        spoke = self._last - begin
        self._begin = None
        if spoke < self._least:
            return []
        found = self._whole(end)
        reached = self._next - self._hop + self._window if self._next > begin else begin
        if reached < end:
            found.append(self._cut(max(begin, end - self._window), end))
        self._behind = end
        self.spans.append(Span(begin / RATE_HZ, end / RATE_HZ))
        self._run += 1
        return found

    def _cut(self, start: int, end: int) -> Window:
        wave = self._wave[start - self._from:end - self._from].copy()
        return Window(Span(start / RATE_HZ, end / RATE_HZ), self._run, wave)

    def _forget(self) -> None:
        """Drop sound that no window can need any more."""
        needed = self._chunks * CHUNK - self._pad if self._begin is None else max(self._begin, self._last - self._window)
        needed = min(needed, self._next if self._begin is not None else needed)
        drop = max(0, min(needed - self._from, len(self._wave)))
        if drop:
            self._wave, self._from = self._wave[drop:].copy(), self._from + drop
