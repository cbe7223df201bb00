"""What a decoder of one link is to `engine.audio.files`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from engine.records import FloatArray


class Sound(Protocol):
    """An open recording. frames: how many it has, None where only decoding tells. format: lower case, as in FileInfo."""

    rate_hz: int
    channels: int
    format: str

    @property
    def frames(self) -> int | None: ...

    def seconds(self) -> float:
        """Its length, found without decoding."""
        ...

    def pieces(self, first: int) -> Iterator[FloatArray]:
        """float32 (n, channels) from this frame to the end, once. Raises DecodeError where less comes out than should."""
        ...

    def close(self) -> None: ...
