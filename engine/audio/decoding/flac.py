"""How much is in a FLAC file: what STREAMINFO says, and what the last frame says, which is right.

Format: RFC 9639. A frame tells where it stands (its number, or that of its first sample), so the last one gives the length.
STREAMINFO's total is 0 where the encoder wrote to a pipe.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import BinaryIO

import numpy as np

from engine.audio.decoding.link import Link, cut_off, damaged, ends_early
from engine.audio.decoding.tags import end_of_sound

MAGIC = b"fLaC"
_HEADS = (MAGIC + b"\x00\x00\x00\x22", MAGIC + b"\x80\x00\x00\x22")  # with that of the first metadata block
_PAIRS = (int.from_bytes(MAGIC[:2], "little"), int.from_bytes(MAGIC[2:], "little"))
_BLOCK = 1 << 17
_TAIL = 1 << 18  # bytes in which the last frame begins, where STREAMINFO does not say how large frames are
_FRAME = re.compile(rb"\xff(?=[\xf8\xf9])")
_TRIED = 200  # places that look like the beginning of a frame


@dataclass(frozen=True)
class _Info:
    """STREAMINFO. total: samples, 0 where unknown. audio: where the first frame begins."""

    block: int
    largest_frame: int
    rate_hz: int
    channels: int
    bits: int
    total: int
    audio: int


def links_of(file: BinaryIO, size: int) -> tuple[Link, ...]:
    """The recordings of a file that begins with “fLaC” or with an ID3v2 tag before it."""
    starts = [at for at in _beginnings(file, size) if _info(file, at) is not None]
    if not starts:
        return (Link(0, size, demuxer="flac"),)
    return tuple(_link(file, start, end) for start, end in zip(starts, [*starts[1:], end_of_sound(file, 0, size)], strict=True))


def _beginnings(file: BinaryIO, size: int) -> list[int]:
    """Where the heads of recordings stand. (Pairs of bytes are compared as numbers, a quarter of the work of `bytes.find`.)"""
    found, at, carried = [], 0, b""
    file.seek(0)
    while at < size and (block := file.read(_BLOCK)):
        held = carried + block
        for shift in (0, 1):
            pairs = np.frombuffer(held[shift:], "<u2", (len(held) - shift) // 2)
            places = np.flatnonzero(pairs[:-1] == _PAIRS[0])
            found += [at - len(carried) + place for place in (2 * places[pairs[places + 1] == _PAIRS[1]] + shift).tolist()
                      if held[place : place + 8] in _HEADS]
        at += len(block)
        carried = held[-7:]
    return sorted(set(found))


def _info(file: BinaryIO, start: int) -> _Info | None:
    file.seek(start)
    head = file.read(42)
    if len(head) < 42:
        return None
    packed = int.from_bytes(head[18:26], "big")  # rate 20 bits, channels − 1: 3, bits − 1: 5, total 36
    at, last = start + 4, 0
    while not last:  # the other metadata blocks
        file.seek(at)
        block = file.read(4)
        if len(block) < 4:
            return None
        last = block[0] & 0x80
        at += 4 + int.from_bytes(block[1:4], "big")
    same = head[8:10] == head[10:12]
    return _Info(int.from_bytes(head[8:10], "big") if same else 0, int.from_bytes(head[15:18], "big"), packed >> 44,
                 (packed >> 41 & 7) + 1, (packed >> 36 & 31) + 1, packed & (1 << 36) - 1, at)


def _link(file: BinaryIO, start: int, end: int) -> Link:
    info = _info(file, start)
    if info is None or not info.rate_hz:
        return Link(start, end, demuxer="flac")
    first = max(info.audio, end - max(_TAIL, 2 * info.largest_frame))
    file.seek(first)
    tail = file.read(max(0, end - first))
    ends = []  # (byte in the tail where a frame begins, sample after it)
    for number, match in enumerate(reversed(list(_FRAME.finditer(tail)))):
        after = _after(tail[match.start() : match.start() + 20], info)
        if after is not None:
            if after == info.total:
                return Link(start, end, demuxer="flac")
            ends.append((match.start(), after))
        if number >= _TRIED:
            break
    rate, held = info.rate_hz, 0
    for place, after in ends:
        if _crc16(tail[place:]) == 0:
            held = after
            break
    whole = bool(held)
    if not whole and len(ends) > 1:  # the last one that begins is not whole
        held = ends[1][1]
    if info.total and held < info.total:
        return Link(start, end, demuxer="flac", fault=cut_off(held / rate, info.total / rate))
    if not whole:
        return Link(start, end, demuxer="flac", fault=ends_early(held / rate) if held else damaged(0))
    # the header does not know, or says less: the content counts
    packed = (rate << 44 | info.channels - 1 << 41 | info.bits - 1 << 36 | held).to_bytes(8, "big")
    return Link(start, end, ((18, packed),), demuxer="flac")


def _after(head: bytes, info: _Info) -> int | None:
    """The sample after a frame, from its header; None where this is no header of this stream."""
    if len(head) < 6:
        return None
    block, rate, channels, bits = head[2] >> 4, head[2] & 15, head[3] >> 4, head[3] >> 1 & 7
    if not block or rate == 15 or channels > 10 or bits == 3 or head[3] & 1:
        return None
    if (channels + 1 if channels < 8 else 2) != info.channels:
        return None
    lead = head[4]
    more = 0 if lead < 0x80 else next((n for n, mask in enumerate((0x40, 0x20, 0x10, 8, 4, 2, 1)) if not lead & mask), 7)
    if lead >= 0x80 and not 1 <= more <= 6:
        return None
    at = 5 + more
    if len(head) < at + 5 or any(byte & 0xC0 != 0x80 for byte in head[5:at]):
        return None
    number = lead if not more else lead & (0x3F >> more)
    for byte in head[5:at]:
        number = number << 6 | byte & 0x3F
    if block == 6:
        samples, at = head[at] + 1, at + 1
    elif block == 7:
        samples, at = int.from_bytes(head[at : at + 2], "big") + 1, at + 2
    else:
        samples = 192 if block == 1 else 576 << block - 2 if block < 6 else 256 << block - 8
    at += {12: 1, 13: 2, 14: 2}.get(rate, 0)
    if at >= len(head) or _crc8(head[:at]) != head[at]:
        return None
    if head[1] & 1:  # variable block size: the number is that of the first sample
        return number + samples
    return number * info.block + samples if info.block else None


def _crc8(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x07) & 0xFF if crc & 0x80 else crc << 1
    return crc


def _crc16(data: bytes) -> int:
    """FLAC's checksum of a frame; 0 over a whole frame with its checksum."""
    table = _crc16_table()
    crc = 0
    for byte in data:
        crc = (crc << 8 & 0xFF00) ^ table[crc >> 8 ^ byte]
    return crc


@lru_cache(maxsize=1)
def _crc16_table() -> list[int]:
    table = []
    for number in range(256):
        crc = number << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x8005) & 0xFFFF if crc & 0x8000 else crc << 1
        table.append(crc)
    return table
