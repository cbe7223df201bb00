"""Whether files that FFmpeg reads are all there: FFmpeg gives what it finds and says nothing about the rest.

Formats: ISO 14496-12 (boxes), RFC 9559 and 8794 (Matroska), Microsoft ASF, RIFF.
"""

from __future__ import annotations

from typing import BinaryIO

from engine.audio.decoding.link import Fault

_SEGMENT, _CLUSTER, _GROUP = 0x18538067, 0x1F43B675, 0xA0
_LEVEL_1 = frozenset((0x114D9B74, 0x1549A966, _CLUSTER, 0x1654AE6B, 0x1C53BB6B, 0x1941A469, 0x1043A770, 0x1254C367, 0xEC, 0xBF))
_IN_CLUSTER = frozenset((0xE7, 0x5854, 0xA7, 0xAB, 0xA3, _GROUP, 0xAF, 0xEC, 0xBF))
_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")


def boxes(file: BinaryIO, size: int) -> Fault | None:
    """mp4 and its kin: the last box must be whole."""
    at = 0
    while at + 8 <= size:
        file.seek(at)
        head = file.read(16)
        length = int.from_bytes(head[:4], "big")
        if length == 1 and len(head) == 16:
            length = int.from_bytes(head[8:16], "big")
        if length == 0:  # up to the end of the file
            return None
        if length < 8:
            return Fault("the file is damaged: what should follow is not there.")
        at += length
    return _cut(at, size) if at > size else None


def matroska(file: BinaryIO, size: int) -> Fault | None:
    """Matroska and WebM: elements must follow each other, and the last one must be whole."""
    at = 0
    inside = (size, frozenset((0x1A45DFA3, _SEGMENT, 0xEC, 0xBF)))
    open_until = [inside]
    while at < size:
        while len(open_until) > 1 and at >= open_until[-1][0]:
            open_until.pop()
        file.seek(at)
        head = file.read(12)
        name, used = _number(head, keep_mark=True)
        length, more = _number(head[used:], keep_mark=False)
        if not used or not more:
            return _cut(at + 12, size) if size - at < 12 else _broken()
        if name not in open_until[-1][1]:
            if len(open_until) > 2 and name in _LEVEL_1:  # behind a cluster of unknown length
                open_until.pop()
            else:
                return _broken()
        body = at + used + more
        unknown = length == (1 << 7 * more) - 1
        end = size if unknown else body + length
        if not unknown and end > min(size, open_until[-1][0]):
            return _cut(end, size) if end > size else _broken()
        if name == _SEGMENT:
            open_until.append((end, _LEVEL_1))
        elif name == _CLUSTER:
            open_until.append((end, _IN_CLUSTER))
        elif unknown:
            return _broken()
        at = body if name in (_SEGMENT, _CLUSTER) else end
    return None


def asf(file: BinaryIO, size: int) -> Fault | None:
    """wma and wmv: the header tells the size of the file."""
    file.seek(0)
    head = file.read(1 << 16)
    at = head.find(_FILE_PROPERTIES)
    if at < 0 or at + 92 > len(head):
        return None
    said, live = int.from_bytes(head[at + 40 : at + 48], "little"), head[at + 88] & 1
    return _cut(said, size) if said > size and not live else None


def avi(file: BinaryIO, size: int) -> Fault | None:
    file.seek(4)
    said = int.from_bytes(file.read(4), "little") + 8
    return _cut(said, size) if size < said < 0x7FFF0000 else None


def _number(data: bytes, keep_mark: bool) -> tuple[int, int]:
    """(a number of EBML, its bytes), 0 bytes where there is none. keep_mark: with the bit that tells its length."""
    if not data or not data[0]:
        return 0, 0
    count = 9 - data[0].bit_length()
    if count > len(data):
        return 0, 0
    value = int.from_bytes(data[:count], "big")
    return (value if keep_mark else value & (1 << 7 * count) - 1), count


def _cut(wanted: int, size: int) -> Fault:
    return Fault(f"the file is cut off: {size:,} of {wanted:,} bytes are there.")


def _broken() -> Fault:
    return Fault("the file is damaged: something in it is not where it should be.")
