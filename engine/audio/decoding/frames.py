"""Files that are nothing but frames, one behind the other: mp3, AAC (ADTS), AC-3, AMR. Counting them gives the length.

Formats: ISO 11172-3 and 13818-3 (mp3), ISO 14496-3 1.A.2 (ADTS), ETSI TS 102 366 (AC-3), RFC 4867 section 5 (AMR).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import BinaryIO, NamedTuple

from engine.audio.decoding import side_info
from engine.audio.decoding.link import Fault, Link, cut_off, damaged, ends_early
from engine.audio.decoding.tags import end_of_sound, id3_size

_BLOCK = 1 << 20
_LOOK = 48  # bytes of a frame that are looked at
_REST = 4096  # bytes behind the last frame that may be anything
_SURE = 3  # frames in front of a wrong one that are not counted on: a decoder begins some samples late
_CHAIN = 3  # frames that must follow each other where the beginning is looked for


class Frame(NamedTuple):
    """size: bytes. samples: a channel. rate_hz; kind: must be the same in all frames of a recording."""

    size: int
    samples: int
    rate_hz: int
    kind: int


Header = Callable[[bytes, int], Frame | None]
"""(bytes, place) → the frame that begins there."""


@dataclass
class _Run:
    """Frames without a break. gap: the first bytes of what lies between them and the frames before. tagged: it begins at a seam.
    wrong_at: samples in front of the first frame that contradicts itself."""

    start: int
    end: int
    frames: int
    samples: int
    rate_hz: int
    gap: bytes = b""
    tagged: bool = False
    wrong_at: int | None = None


def mp3_links(file: BinaryIO, size: int) -> tuple[Link, ...]:
    """The recordings of an mp3; none where there is no frame in it."""
    end = end_of_sound(file, 0, size)
    runs, left = _runs(file, 0, end, mp3_frame, split=True)
    plain_start = runs and runs[0].start == id3_size(_read(file, 0, 10))
    links: list[Link] = []
    for number, run in enumerate(runs):
        head = _read(file, run.start, 4096)
        frame = mp3_frame(head, 0)
        if frame is None:  # it became shorter
            break
        tag, last = _count(head), number == len(runs) - 1
        there = run.frames - (tag is not None)
        if not there:
            continue
        told = tag is not None and tag.frames is not None and there <= tag.frames <= run.frames
        trimmed = tag.trimmed if tag is not None else 0
        held_s = (there * frame.samples - (trimmed if told else 0)) / run.rate_hz
        fault = damaged(0) if links and not run.tagged and not _is_tag(run.gap) else None  # something between is lost
        if fault is None and tag is not None and tag.frames is not None and tag.frames > run.frames:
            fault = cut_off(held_s, (tag.frames * frame.samples - trimmed) / run.rate_hz) if last else damaged(held_s)
        if run.wrong_at is not None:
            fault = damaged(max(0, run.wrong_at - _SURE * frame.samples) / run.rate_hz)
        if fault is None and last:
            fault = _rest(left, mp3_frame, held_s)
        size_right = tag is not None and (tag.bytes is None or abs(tag.bytes - (run.end - run.start)) < frame.size)
        if told and size_right and (plain_start or links) and run.wrong_at is None:
            links.append(Link(run.start if links else 0, run.end, demuxer="mp3", prints=True, seconds=held_s,
                              least_s=held_s - 2 * frame.samples / run.rate_hz, fault=fault))
        else:  # a wrong count would be believed: without the frame that holds it
            start = run.start + (frame.size if tag is not None and not told else 0)
            links.append(Link(start, run.end, demuxer="mp3", sndfile=False, seconds=held_s,
                              least_s=held_s - 2 * frame.samples / run.rate_hz, fault=fault))
    return tuple(links)


def stream_links(file: BinaryIO, size: int, demuxer: str, header: Header, start: int = 0) -> tuple[Link, ...]:
    """The one recording of a file of frames that count nothing; none where there is no frame in it."""
    end = end_of_sound(file, 0, size)
    runs, left = _runs(file, start, end, header)
    if not runs:
        return ()
    seconds = sum(run.samples for run in runs) / runs[0].rate_hz
    fault = damaged(runs[0].samples / runs[0].rate_hz) if len(runs) > 1 else _rest(left, header, seconds)
    if runs[0].wrong_at is not None:
        fault = damaged(max(0, runs[0].wrong_at - _SURE * runs[0].samples // runs[0].frames) / runs[0].rate_hz)
    frame = runs[0].samples / runs[0].frames / runs[0].rate_hz
    first = 0 if start else runs[0].start
    return (Link(first, end, demuxer=demuxer, sndfile=False, seconds=seconds, least_s=seconds - 2 * frame,
                 fault=fault),)


def _runs(file: BinaryIO, start: int, end: int, header: Header, split: bool = False) -> tuple[list[_Run], bytes]:
    """All runs of frames in [start, end), and the first bytes of what is left behind the last. split: where a frame of mp3 counts
    those that follow, another run begins."""
    runs: list[_Run] = []
    at, base, held = start, start, b""
    run: _Run | None = None
    kind = None
    gap = start
    while at < end:
        if at - base + _LOOK > len(held) and base + len(held) < end:
            file.seek(at)
            base, held = at, file.read(min(_BLOCK, end - at))
            if not held:
                break
        frame = header(held, at - base)
        if frame is not None and kind is not None and frame.kind != kind and not (run and run.frames < 2):
            frame = None
        if frame is None or (run is None and not _chained(file, at, end, header)):
            found = _search(file, at + 1, end, header)
            if run is not None:
                gap, run = at, None
            kind = None
            if found is None:
                break
            at = found
            continue
        if at + frame.size > end:
            break
        between = _read(file, gap, min(64, at - gap)) if run is None else b""
        kind = frame.kind
        if header is mp3_frame:
            starts, sizes = _alike(held, at - base, end - base, kind)
            wrong, counting = side_info.look(held, starts, sizes) if kind >> 4 & 3 == _LAYER_3 else ([], [])
            cuts = set(counting) if split else set()
            for first, last in pairwise(sorted({0, *cuts, len(starts)})):
                if run is None or first in cuts:
                    run = _Run(base + starts[first], 0, 0, 0, frame.rate_hz, between, first in cuts)
                    between = b""
                    runs.append(run)
                bad = bisect_left(wrong, first)
                if run.wrong_at is None and bad < len(wrong) and wrong[bad] < last:
                    run.wrong_at = run.samples + (wrong[bad] - first) * frame.samples
                run.frames += last - first
                run.samples += (last - first) * frame.samples
                run.end = base + starts[last - 1] + sizes[last - 1]
            at = base + starts[-1] + sizes[-1]
        else:
            if run is None:
                run = _Run(at, at, 0, 0, frame.rate_hz, between)
                runs.append(run)
            run.frames += 1
            run.samples += frame.samples
            at += frame.size
            run.end = at
    return runs, _read(file, runs[-1].end, min(_REST + 1, end - runs[-1].end)) if runs else b""


def _rest(left: bytes, header: Header, held_s: float) -> Fault | None:
    """What is the matter with what stands behind the last whole frame: a part of one, or much that is none."""
    if header(left, 0) is not None:
        return ends_early(held_s)
    return damaged(held_s) if len(left) > _REST and left.strip(b"\0") else None


def _chained(file: BinaryIO, at: int, end: int, header: Header) -> bool:
    """Whether several frames of one kind follow each other here, or all that is left."""
    kind = None
    for number in range(_CHAIN):
        if at >= end:
            return number > 0
        frame = header(_read(file, at, _LOOK), 0)
        if frame is None or (kind is not None and frame.kind != kind):
            return False
        kind = frame.kind
        at += frame.size
    return True


def _search(file: BinaryIO, start: int, end: int, header: Header) -> int | None:
    """The next place where frames begin; they are told by a byte that all their headers begin with."""
    at = start
    while at < end:
        block = _read(file, at, min(_BLOCK, end - at))
        if not block:
            return None
        for match in _SYNC.finditer(block):
            place = at + match.start()
            if header(block, match.start()) is not None and _chained(file, place, end, header):
                return place
        at += max(1, len(block) - _LOOK)
    return None


_LAYER_3 = 1  # as headers have it
_SYNC = re.compile(rb"\xff(?=[\xe0-\xff])|\x0b(?=\x77)")


def _read(file: BinaryIO, at: int, count: int) -> bytes:
    file.seek(at)
    return file.read(max(0, count))


# --- mp3 --------------------------------------------------------------------------------------------------------------

_KBPS = {1: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),  # layer III; MPEG 1, MPEG 2 and 2.5
         2: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)}
_KBPS_2 = {1: (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384), 2: _KBPS[2]}  # layer II


def mp3_frame(data: bytes, at: int) -> Frame | None:
    if at + 4 > len(data) or data[at] != 0xFF:
        return None
    return _mp3_frames().get((data[at + 1] & 0xFE) << 8 | data[at + 2])


@lru_cache(maxsize=1)
def _mp3_frames() -> dict[int, Frame]:
    """By the second and third byte of a header, the bit of the checksum cleared."""
    found = {}
    for version, rates in ((3, (44100, 48000, 32000)), (2, (22050, 24000, 16000)), (0, (11025, 12000, 8000))):
        for layer, tables in ((1, _KBPS), (2, _KBPS_2)):
            lower = 1 if version == 3 else 2
            samples = 576 if layer == 1 and lower == 2 else 1152
            for at, kbps in enumerate(tables[lower], 1):
                for number, rate in enumerate(rates):
                    for low in range(4):  # padding and the private bit
                        size = samples // 8 * kbps * 1000 // rate + (low >> 1)
                        key = (0xE0 | version << 3 | layer << 1) << 8 | at << 4 | number << 2 | low
                        found[key] = Frame(size, samples, rate, version << 8 | layer << 4 | number)
    return found


def _alike(data: bytes, at: int, end: int, kind: int) -> tuple[list[int], list[int]]:
    """(places, sizes) of frames of one kind that follow each other from `at` on and are whole before `end`. The first one is such
    a frame."""
    known, starts, sizes = _mp3_sizes(kind), [], []
    stop = len(data) - _LOOK
    size: int | None = known[(data[at + 1] & 0xFE) << 8 | data[at + 2]]
    while size is not None:
        starts.append(at)
        sizes.append(size)
        at += size
        if at >= stop or data[at] != 0xFF:
            break
        size = known.get((data[at + 1] & 0xFE) << 8 | data[at + 2])
        if size is None or at + size > end:
            break
    return starts, sizes


@lru_cache(maxsize=8)
def _mp3_sizes(kind: int) -> dict[int, int]:
    """As `_mp3_frames`, of one kind."""
    return {key: frame.size for key, frame in _mp3_frames().items() if frame.kind == kind}


class _Count(NamedTuple):
    """What a first frame says: how many frames follow (None: it does not say), how many samples the encoder added, how many
    bytes all of it has."""

    frames: int | None
    trimmed: int
    bytes: int | None = None


def _count(head: bytes) -> _Count | None:
    """None where the first frame is sound."""
    for at in (side_info.end(head), 36):
        name = head[at : at + 4]
        if name == b"VBRI":
            return _Count(int.from_bytes(head[at + 14 : at + 18], "big"), 0)
        if name in (b"Xing", b"Info"):
            flags = head[at + 7]
            lame = at + 8 + 4 * (flags & 1) + 4 * (flags >> 1 & 1) + 100 * (flags >> 2 & 1) + 4 * (flags >> 3 & 1)
            size_at = at + 8 + 4 * (flags & 1)
            added = int.from_bytes(head[lame + 21 : lame + 24], "big")
            known = head[lame : lame + 4] in (b"LAME", b"Lavf", b"Lavc")
            if known and not _tag_is_right(head, lame + 34):
                return _Count(None, 0)
            return _Count(int.from_bytes(head[at + 8 : at + 12], "big") if flags & 1 else None,
                          (added >> 12) + (added & 0xFFF) if known else 0,
                          int.from_bytes(head[size_at : size_at + 4], "big") if flags & 2 else None)
    return None


def _tag_is_right(head: bytes, at: int) -> bool:
    """Whether the checksum of a frame that counts is right, which stands at this place: CRC-16 of what is before it (as LAME
    writes it), or of that and zeros, together 190 bytes (as FFmpeg does). One that was never written, 0, is right."""
    said = int.from_bytes(head[at : at + 2], "big")
    return said in (0, _crc16(head[:at]), _crc16(head[:at].ljust(190, b"\0")))


def _crc16(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def _is_tag(gap: bytes) -> bool:
    return gap[:3] in (b"ID3", b"TAG", b"LYR") or gap[:8] == b"APETAGEX"


# --- the others -------------------------------------------------------------------------------------------------------

_ADTS_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
_AC3_KBPS = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640)
_AMR_BYTES = (13, 14, 16, 18, 20, 21, 27, 32, 6, 1, 1, 1, 1, 1, 1, 1)  # with the byte that tells
_AMR_WB_BYTES = (18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 1, 1, 1, 1, 1, 1)


def adts_frame(data: bytes, at: int) -> Frame | None:
    if at + 7 > len(data) or data[at] != 0xFF or data[at + 1] & 0xF6 != 0xF0:
        return None
    rate = data[at + 2] >> 2 & 15
    size = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
    if rate >= len(_ADTS_RATES) or size < 8:
        return None
    return Frame(size, 1024 * ((data[at + 6] & 3) + 1), _ADTS_RATES[rate], rate)


def ac3_frame(data: bytes, at: int) -> Frame | None:
    """AC-3 and Enhanced AC-3."""
    if at + 6 > len(data) or data[at] != 0x0B or data[at + 1] != 0x77:
        return None
    rate, stream = data[at + 4] >> 6, data[at + 5] >> 3
    if stream > 10:
        if rate == 3:
            return None
        size = 2 * (((data[at + 2] & 7) << 8 | data[at + 3]) + 1)
        return Frame(size, 256 * (1, 2, 3, 6)[data[at + 4] >> 4 & 3], (48000, 44100, 32000)[rate], rate)
    code = data[at + 4] & 63
    if rate == 3 or code >= 2 * len(_AC3_KBPS):
        return None
    kbps = _AC3_KBPS[code >> 1]
    words = (2 * kbps, kbps * 320 // 147 + (code & 1), 3 * kbps)[rate]
    return Frame(2 * words, 1536, (48000, 44100, 32000)[rate], rate)


def amr_frame(data: bytes, at: int) -> Frame | None:
    if at >= len(data) or data[at] & 0x83:
        return None
    return Frame(_AMR_BYTES[data[at] >> 3 & 15], 160, 8000, 0)


def amr_wb_frame(data: bytes, at: int) -> Frame | None:
    if at >= len(data) or data[at] & 0x83:
        return None
    return Frame(_AMR_WB_BYTES[data[at] >> 3 & 15], 320, 16000, 0)
