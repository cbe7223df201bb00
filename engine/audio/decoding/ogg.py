"""The pages of an Ogg file: numbers in sequence, checksums, the last one whole; and chained recordings.

Format: RFC 3533, section 6. Ogg headers promise no length. A recording that lacks its end mark but ends with a whole page is
complete: recorders write such files. What stands behind it and is no page is damage, unless it is a tag or there is an end mark.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from typing import BinaryIO

from engine.audio.decoding.link import Fault, Link, damaged, ends_early
from engine.audio.decoding.tags import end_of_sound

_MAGIC = b"OggS\x00"
_HEADER = struct.Struct("<4sBBqIIIB")  # magic, version, flags, granule, serial, sequence, checksum, segments
_LARGEST = _HEADER.size + 255 + 255 * 255
_BLOCK = 1 << 20
_FIRST, _LAST = 2, 4  # flags: the first and the last page of a stream
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass
class _Recording:
    """The pages between two beginnings. next: by serial number, the sequence number that must follow."""

    start: int
    next: dict[int, int] = field(default_factory=dict)
    begun: bool = False  # there was a page that is no first one
    ended: bool = False  # the last page that was seen says that it is the last
    rate_hz: int = 0
    first_granule: int = 0  # of Opus: samples that are not heard
    granule: int = 0
    fault: Fault | None = None

    @property
    def seconds(self) -> float:
        return max(0, self.granule - self.first_granule) / self.rate_hz if self.rate_hz else 0.0

    def link(self, end: int) -> Link:
        return Link(self.start, end, demuxer="ogg", sndfile=len(self.next) == 1, fault=self.fault)


def links_of(file: BinaryIO, size: int) -> tuple[Link, ...]:
    """The recordings of a file that begins with a page."""
    links: list[Link] = []
    now = _Recording(0)
    at, base, held = 0, 0, b""
    mirrored = b""
    lost: int | None = None  # where pages stopped following each other
    file.seek(0)
    while at < size:
        if at - base + _LARGEST > len(held) and base + len(held) < size:
            file.seek(at)
            base, held = at, file.read(max(_BLOCK, _LARGEST))
            mirrored = held.translate(_MIRRORED)
            if not held:  # it became shorter
                break
        i = at - base
        if held[i : i + 5] != _MAGIC:
            found = held.find(_MAGIC, i + 1)
            lost = at if lost is None else lost
            at = base + found if found >= 0 else max(at + 1, base + len(held) - 4)
            if found < 0 and base + len(held) >= size:
                if not now.ended and end_of_sound(file, 0, size) > lost and not _zeros(file, lost, size):
                    now.fault = now.fault or damaged(now.seconds)
                break
            continue
        lost = None
        if i + _HEADER.size > len(held):
            now.fault = now.fault or ends_early(now.seconds)
            break
        _, _, flags, granule, serial, number, checksum, segments = _HEADER.unpack_from(held, i)
        body = i + _HEADER.size + segments
        end = body + sum(held[i + _HEADER.size : body])
        if end > len(held) or body > len(held):
            now.fault = now.fault or ends_early(now.seconds)
            break
        if flags & _FIRST:
            if now.begun:
                links.append(now.link(at))
                now = _Recording(at)
            if not now.next:
                now.rate_hz, now.first_granule = _clock(held[body:end])
            now.next[serial] = number
        else:
            now.begun = True
        if now.next.get(serial) != number or _checksum(mirrored, i, end) != checksum:
            now.fault = now.fault or damaged(now.seconds)
        now.next[serial] = number + 1 & 0xFFFFFFFF
        now.ended = bool(flags & _LAST)
        if granule > 0:
            now.granule = granule
        at = base + end
    return (*links, now.link(size))


def _zeros(file: BinaryIO, start: int, end: int) -> bool:
    file.seek(start)
    return not file.read(min(_BLOCK, end - start)).strip(b"\0")


def _clock(head: bytes) -> tuple[int, int]:
    """(rate of the granules, samples before the first one heard) from the first packet of a stream; rate 0: not known."""
    if head[:7] == b"\x01vorbis" and len(head) >= 16:
        return int.from_bytes(head[12:16], "little"), 0
    if head[:8] == b"OpusHead" and len(head) >= 12:
        return 48000, int.from_bytes(head[10:12], "little")
    if head[:5] == b"\x7fFLAC" and len(head) >= 30:
        return int.from_bytes(head[27:30], "big") >> 4, 0
    if head[:8] == b"Speex   " and len(head) >= 40:
        return int.from_bytes(head[36:40], "little"), 0
    return 0, 0


def _checksum(mirrored: bytes, start: int, end: int) -> int:
    """Ogg's CRC-32 of a page, whose bytes are given with their bits the other way round: then it is zlib's, without its
    first and last inversion, and the result the other way round. The checksum itself counts as zero."""
    page = memoryview(mirrored)[start:end]
    crc = zlib.crc32(page[26:], zlib.crc32(b"\0\0\0\0", zlib.crc32(page[:22], 0xFFFFFFFF))) ^ 0xFFFFFFFF
    return int.from_bytes(crc.to_bytes(4, "little").translate(_MIRRORED), "big")
