"""A ring of samples between the sound card's thread and everyone else: one writer, one reader, no lock."""

from __future__ import annotations

import numpy as np

from engine.records import FloatArray


class Ring:
    """Holds the newest samples that were not read yet.

    Exactly one thread writes and one reads. Each only moves its own position and moves it last, so that no lock is
    needed (the positions are Python ints: reading and replacing them is atomic). What does not fit is dropped, never
    what is already there, and counted.
    """

    def __init__(self, capacity: int) -> None:
        """capacity: samples; preallocated."""
        if capacity <= 0:
            raise ValueError("a ring holds at least one sample")
        self._samples: FloatArray = np.zeros(capacity, dtype=np.float32)
        self._capacity = capacity
        self._written = 0
        self._read = 0
        self._overflows = 0

    @property
    def overflows(self) -> int:
        """How many writes did not fit as a whole."""
        return self._overflows

    def __len__(self) -> int:
        """Samples waiting to be read."""
        return self._written - self._read

    def write(self, block: FloatArray) -> None:
        """Append float32 (n,). Called by the writer only; copies and returns."""
        room = self._capacity - (self._written - self._read)
        n = len(block)
        if n > room:
            self._overflows += 1
            n = room
        at = self._written % self._capacity
        first = min(n, self._capacity - at)
        self._samples[at : at + first] = block[:first]
        self._samples[: n - first] = block[first:n]
        self._written += n

    def read(self) -> FloatArray:
        """Everything new since the last read, float32 (n,), a copy. Called by the reader only."""
        n = self._written - self._read
        at = self._read % self._capacity
        first = min(n, self._capacity - at)
        new = np.empty(n, dtype=np.float32)
        new[:first] = self._samples[at : at + first]
        new[first:] = self._samples[: n - first]
        self._read += n
        return new
