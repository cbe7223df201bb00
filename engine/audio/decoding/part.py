"""A stretch of an open file as a file of its own, some of its bytes replaced."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from typing import BinaryIO


class Part(io.RawIOBase):
    """The bytes [start, end) of an open file.

    patches: (offset in the part, bytes that stand there instead), for a header that says nothing true. The file itself is
    never written to; a part does not close it.
    """

    def __init__(self, file: BinaryIO, start: int, end: int, patches: Sequence[tuple[int, bytes]] = ()) -> None:
        super().__init__()
        self._file, self._start, self._size, self._patches = file, start, max(0, end - start), tuple(patches)
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: memoryview | bytearray) -> int:  # type: ignore[override]
        view = memoryview(buffer).cast("B")
        wanted = min(len(view), self._size - self._at)
        if wanted <= 0:
            return 0
        self._file.seek(self._start + self._at)
        data = self._file.read(wanted)
        view[: len(data)] = data
        for offset, put in self._patches:
            first, last = max(offset, self._at), min(offset + len(put), self._at + len(data))
            if first < last:
                view[first - self._at : last - self._at] = put[first - offset : last - offset]
        self._at += len(data)
        return len(data)
