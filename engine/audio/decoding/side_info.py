"""Frames of mp3 that contradict themselves: what stands behind their header cannot be.

A decoder puts silence in the place of such a frame and prints a line to the terminal; here it is damage, found beforehand. Only
what is wrong by itself counts, so that a file that was cut or joined between frames stays whole: there the first frames
lean on sound that is gone, which decoders know how to begin with.

Format: ISO 11172-3, 2.4.1.7, and 13818-3, 2.4.1.7 (side information of layer III).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

NEEDED = 4 + 2 + 32 + 4
"""Bytes from the beginning of a frame that are looked at: header, checksum, side information, and the name of a count."""
_SIZES = ((17, 32), (9, 17))
"""Bytes of the side information: of MPEG 1, and of MPEG 2 and 2.5; of one channel, and of two."""
_MOST_PAIRS = 288  # big values, in pairs: half of the 576 lines of a granule
_NAMES = tuple(int.from_bytes(name, "big") for name in (b"Xing", b"Info", b"VBRI"))
_VBRI_AT = 36


def end(head: bytes) -> int:
    """Where the side information of a frame ends; what counts the frames that follow stands there. head: its first 4 bytes."""
    lower, single = not head[1] & 8, head[3] >> 6 == 3
    return 4 + (0 if head[1] & 1 else 2) + _SIZES[lower][0 if single else 1]


def look(data: bytes, starts: Sequence[int], sizes: Sequence[int]) -> tuple[list[int], list[int]]:
    """(the numbers of frames that contradict themselves, the numbers of those that count the frames behind them).

    starts, sizes: of frames of one kind of layer III, in bytes; each is whole in the data, or NEEDED bytes of it are there.
    """
    rows = np.lib.stride_tricks.sliding_window_view(np.frombuffer(data + b"\0" * NEEDED, np.uint8), NEEDED)
    heads = rows[np.asarray(starts)].astype(np.int32)  # (frames, NEEDED)
    lower, single, checked = ~heads[:, 1] >> 3 & 1, heads[:, 3] >> 6 == 3, ~heads[:, 1] & 1
    kinds = lower << 2 | single << 1 | checked
    wrong, counting = np.zeros(len(heads), bool), _word(heads, _VBRI_AT) == _NAMES[2]
    there = np.unique(kinds)
    for kind in there:
        of: Any = slice(None) if len(there) == 1 else kinds == kind
        channels, begin = 1 if kind & 2 else 2, 4 + 2 * int(kind & 1)
        left = np.asarray(sizes)[of] - begin
        wrong[of] = _wrong(heads[of, begin:], left, bool(kind & 4), channels)
        name = _word(heads[of], begin + _SIZES[bool(kind & 4)][channels - 1])
        counting[of] |= (name == _NAMES[0]) | (name == _NAMES[1])
    return np.flatnonzero(wrong & ~counting).tolist(), np.flatnonzero(counting).tolist()


def _word(heads: NDArray[np.int32], at: int) -> NDArray[np.int32]:
    return heads[:, at] << 24 | heads[:, at + 1] << 16 | heads[:, at + 2] << 8 | heads[:, at + 3]


def _wrong(side: NDArray[np.int32], left: NDArray[np.int64], lower: bool, channels: int) -> NDArray[np.bool_]:
    """Whether each is wrong. side: (frames, bytes) from the side information on; left: bytes of the frame from there on."""

    def number(at: int, width: int) -> NDArray[np.int32]:
        byte = at // 8
        three = side[:, byte] << 16 | side[:, byte + 1] << 8 | side[:, byte + 2]
        return three >> 24 - width - at % 8 & (1 << width) - 1

    if lower:  # MPEG 2 and 2.5: one granule
        before, at, each, granules, switch = number(0, 8), 8 + channels, 63, 1, 38
    else:  # a granule: lengths, values, gain, scale factors, the switch of windows, its 22 bits or what stands instead, flags
        before, at, each, granules, switch = number(0, 9), 9 + (5 if channels == 1 else 3) + 4 * channels, 59, 2, 33
    wrong, bits = np.zeros(len(side), bool), np.zeros(len(side), np.int64)
    for part in range(granules * channels):
        place = at + part * each
        bits += number(place, 12)
        wrong |= number(place + 12, 9) > _MOST_PAIRS
        wrong |= number(place + switch, 3) == 0b100  # other windows, of the usual kind
    return np.asarray(wrong | (bits > 8 * (before + left - _SIZES[lower][channels - 1])))
