"""What the library asks of the audio side. `engine.audio.files` is one; a fake in a test is ten lines."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from engine.files import open_regular
from engine.records import FileInfo, FloatArray

READ_BYTES = 1 << 20


class AudioFiles(Protocol):
    """Sound files: what counts as one, what its header says, what is in it."""

    @property
    def SUFFIXES(self) -> frozenset[str]: ...

    def info(self, path: Path | str, /) -> FileInfo:
        """Raises DecodeError."""
        ...

    def stream(self, path: Path | str, /, rate_hz: int | None = None, block_s: float = 30) -> Iterator[FloatArray]:
        """Mono float32 blocks. Raises DecodeError, also in the middle."""
        ...


def sha256_of(path: Path, go_on: Callable[[], bool] = lambda: True) -> str:
    """sha256 of a file's content, hex. Raises OSError, also for what is no file; InterruptedError as soon as go_on says no."""
    digest = hashlib.sha256()
    with open_regular(path) as file:
        while block := file.read(READ_BYTES):
            if not go_on():
                raise InterruptedError("stopped")
            digest.update(block)
    return digest.hexdigest()
