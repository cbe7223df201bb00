"""How what is private of a voice stands in the database and in files: plain, or sealed under the workspace's key.

Both kinds have the same methods, so that whoever reads and writes voices need not know which it is. Each sealed record
is bound to its table, its row and what that row belongs to: put elsewhere, it does not open. Text is sealed as base64.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any, Protocol

from engine.errors import RecordDamaged
from engine.privacy.sealing import Sealer

SUFFIX = ".sealed"
"""Of a recording that is sealed; it holds a wav file."""


class Records(Protocol):
    """How private records are written and read."""

    sealed: bool
    suffix: str

    def key(self, name_key: str) -> str:
        """What a name is looked up by."""

    def text(self, text: str, *bound: object) -> str:
        """bound: (table, id of the row, column)."""

    def plain_text(self, stored: str, *bound: object) -> str:
        """The other way round. Raises StoreError where it does not open."""

    def data(self, data: bytes, *bound: object) -> bytes:
        """bound: (table, id of the row, what the row belongs to)."""

    def plain_data(self, stored: bytes, *bound: object) -> bytes:
        """The other way round. Raises StoreError where it does not open."""


class PlainRecords:
    """Everything as it is."""

    sealed = False
    suffix = ".wav"

    def key(self, name_key: str) -> str:
        return name_key

    def text(self, text: str, *bound: object) -> str:
        return text

    def plain_text(self, stored: str, *bound: object) -> str:
        return stored

    def data(self, data: bytes, *bound: object) -> bytes:
        return data

    def plain_data(self, stored: bytes, *bound: object) -> bytes:
        return stored


class SealedRecords:
    """Everything under one key. A record that is not sealed is refused: it was put there by somebody without the key."""

    sealed = True
    suffix = SUFFIX

    def __init__(self, key: bytes) -> None:
        self._sealer = Sealer(key)

    def key(self, name_key: str) -> str:
        return self._sealer.mark(name_key)

    def text(self, text: str, *bound: object) -> str:
        return base64.b64encode(self._sealer.seal(text.encode("utf-8"), bound)).decode("ascii")

    def plain_text(self, stored: str, *bound: object) -> str:
        try:
            return self._sealer.open(base64.b64decode(stored, validate=True), bound).decode("utf-8")
        except (binascii.Error, ValueError):
            raise RecordDamaged from None

    def data(self, data: bytes, *bound: object) -> bytes:
        return self._sealer.seal(data, bound)

    def plain_data(self, stored: bytes, *bound: object) -> bytes:
        if not isinstance(stored, bytes):  # SQLite keeps what it is given
            raise RecordDamaged
        return self._sealer.open(stored, bound)


PLAIN: Records = PlainRecords()


def of_name(voice_id: int) -> tuple[Any, ...]:
    """What the name of a voice is bound to."""
    return ("voice", voice_id, "name")


def of_source(take_id: int) -> tuple[Any, ...]:
    """What the source of a take (it may be the name of a file) is bound to."""
    return ("take", take_id, "source")


def of_vector(sample_id: int, take_id: int, voice_id: int, spec_id: int) -> tuple[Any, ...]:
    """What the vector of a sample is bound to. Who moves a take to another voice seals its samples anew."""
    return ("sample", sample_id, take_id, voice_id, spec_id)


def of_timeline(timeline_id: int) -> tuple[Any, ...]:
    """What the path of a timeline is bound to."""
    return ("timeline", timeline_id, "path")


def of_stranger(sample_id: int, track_id: int) -> tuple[Any, ...]:
    """What the vector of a stranger is bound to."""
    return ("stranger_sample", sample_id, track_id)


def of_recording(sha256: str) -> tuple[Any, ...]:
    """What the recording of a take is bound to: the hash of its content, which the take's row holds."""
    return ("recording", sha256)
