"""The ring loses nothing that fits, and counts what does not."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from engine.audio.ring import Ring


def test_reads_what_was_written_in_order_across_the_seam() -> None:
    ring, sent, got = Ring(10), [], []
    for first in range(0, 70, 7):
        block = np.arange(first, first + 7, dtype=np.float32)
        ring.write(block)
        sent.append(block)
        got.append(ring.read())
    assert np.array_equal(np.concatenate(got), np.concatenate(sent))
    assert ring.overflows == 0 and len(ring.read()) == 0


def test_what_does_not_fit_is_dropped_and_counted_and_what_was_there_stays() -> None:
    ring = Ring(5)
    ring.write(np.array([1, 2, 3], dtype=np.float32))
    ring.write(np.array([4, 5, 6, 7], dtype=np.float32))
    assert ring.overflows == 1 and len(ring) == 5
    assert ring.read().tolist() == [1, 2, 3, 4, 5]
    ring.write(np.array([8], dtype=np.float32))
    assert ring.read().tolist() == [8]


def test_a_read_is_a_copy() -> None:
    ring = Ring(4)
    ring.write(np.ones(4, dtype=np.float32))
    got = ring.read()
    ring.write(np.zeros(4, dtype=np.float32))
    assert got.tolist() == [1, 1, 1, 1]


def test_one_thread_writes_while_another_reads() -> None:
    ring, total, got = Ring(1 << 14), 400_000, []

    def write() -> None:
        at = 0
        while at < total:
            n = min(331, total - at, (1 << 14) - len(ring))
            ring.write(np.arange(at, at + n, dtype=np.float32))
            at += n

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive() or len(ring):
        got.append(ring.read())
    assert np.array_equal(np.concatenate(got), np.arange(total, dtype=np.float32))
    assert ring.overflows == 0


def test_a_ring_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Ring(0)
