"""How much is in files made of chunks: wav, RF64, W64, aiff, caf, au. Their headers are often wrong about it.

Which size counts, from where the samples begin (`settled`):
  unknown       0, −1, or so large that no file reaches it: the recorder never came back to the header. Everything up to the end
                of the file is sound.
  too large     by the header's own bytes, or by less than makes another frame, or while the size of the whole file is right: the
                header counted wrong. Otherwise the file is cut off.
  too small     and what follows are chunks, tags, or what fills up the chunk: the size is right. Otherwise it is sound too.

Bytes at the end that are less than one frame (a sample of each channel) are no sound: a recorder that died in the middle of a
frame leaves them, and they are passed over without a word. Two things are more than that and refused: a frame that the header
promises and of which a part is there, and a part of a block of a coding that puts many samples into one (ADPCM, GSM).

Formats: Microsoft RIFF and RF64 (EBU Tech 3306), Sony W64, Apple AIFF-C and CAF, NeXT au.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import BinaryIO

from engine.audio.decoding import frames
from engine.audio.decoding.link import Fault, Link, cut_off, ends_early
from engine.audio.decoding.tags import end_of_sound, id3_size

_UNKNOWN_32 = 0x7FFF0000
"""Sizes from here on are written by programs that could not go back to the header."""
_USUAL_HEADERS = (8, 36, 44)
"""Bytes that a size in a header may count too much: of the chunk's own head, and of the head of a usual wav file."""
_USUAL_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 88200, 96000, 176400, 192000)
_MPEG = (0x50, 0x55)  # codings of wav
_SAMPLES = (1, 3, 6, 7, 0xFFFE)  # and those that give each sample its own bytes
_SEVERAL = 2  # samples of a channel in a unit: it is a block from there on
_MOST_CHUNKS = 10_000
_W64_TAIL = bytes.fromhex("f3acd3118cd100c04f8edb8a")
_COMPANIONS = (b"LIST", b"list", b"id3 ", b"ID3 ", b"bext", b"fact", b"cue ", b"smpl", b"inst", b"PEAK", b"JUNK", b"junk",
               b"PAD ", b"FLLR", b"iXML", b"axml", b"_PMX", b"chna", b"MARK", b"COMT", b"ANNO", b"NAME", b"AUTH", b"APPL",
               b"DISP", b"note", b"labl", b"plst", b"acid", b"strc", b"afsp", b"LGWV", b"ovwf", b"uuid", b"free", b"kuki",
               b"pakt", b"info", b"peak")
"""Chunks that follow the samples: one of these counts as one even where the file ends inside of it."""


_PLAIN = (b"NONE", b"sowt", b"twos", b"fl32", b"FL32", b"fl64", b"FL64", b"in24", b"in32", b"raw ")
"""Codings of aiff whose frames all have the same size."""


@dataclass(frozen=True)
class Layout:
    """Where the samples are. start: their first byte. size: bytes by the header, None where it does not say. unit: bytes of a
    frame (or block). seconds: of a byte. file_size: of the whole file by its header, None where it does not say. patches: how
    to write another size. chained: says whether chunks go on from a place to the end of the file. fault: what the header is
    wrong about. mp3: the samples are frames of mp3. block: a unit holds many samples, so that a part of one is lost sound.
    two_sizes: the header says another size elsewhere, which must not count."""

    start: int
    size: int | None
    unit: int
    seconds: float
    file_size: int | None
    patches: Callable[[int], tuple[tuple[int, bytes], ...]]
    chained: Callable[[int], bool]
    fault: Fault | None = None
    mp3: bool = False
    block: bool = False
    two_sizes: bool = False


def link_of(file: BinaryIO, size: int, layout: Layout | None, demuxer: str) -> Link:
    """The recording of a file; layout: None where no samples were found, which the decoder then says."""
    if layout is None:
        return Link(0, size, demuxer=demuxer)
    held, fault = settled(file, size, layout)
    fault = layout.fault or fault
    end = layout.start + held
    if layout.mp3:
        counted = frames.stream_links(file, end, demuxer, frames.mp3_frame, layout.start)
        return (replace(counted[0], start=0, fault=fault or counted[0].fault) if counted else
                Link(0, size, demuxer=demuxer, sndfile=False, fault=fault))
    if layout.size == held and not layout.two_sizes and (end == size or demuxer != "w64"):
        return Link(0, size, demuxer=demuxer, fault=fault)
    return Link(0, end, layout.patches(held), demuxer=demuxer, fault=fault)


def settled(file: BinaryIO, size: int, at: Layout) -> tuple[int, Fault | None]:
    """(bytes of samples that the file holds, what is missing)."""
    there = max(0, size - at.start)
    whole = there - there % at.unit
    ended = ends_early(whole * at.seconds) if at.block and whole < there else None
    if at.size is None or (at.size == 0 and there and not at.chained(at.start)):
        return whole, ended
    if at.size > there:
        wrong = ((not at.block and at.size // at.unit == there // at.unit)
                 or at.size - there in (*_USUAL_HEADERS, at.start, at.start - 8)
                 or (at.file_size is not None and at.file_size == size))
        return whole, ended if wrong else cut_off(whole * at.seconds, at.size * at.seconds)
    if at.chained(at.start + at.size):
        return at.size, None
    there = end_of_sound(file, at.start, size) - at.start
    return max(at.size, there - there % at.unit), None


def riff(file: BinaryIO, size: int) -> Layout | None:
    """wav and RF64."""
    head = _read(file, 0, 12)
    big = head[:4] in (b"RF64", b"BW64")
    order = ">" if head[:4] == b"RIFX" else "<"
    unit, per_s, long_sizes, long_at, fault, coding, rate = 1, 0, (0, 0), 0, None, 0, 0
    whole = struct.unpack(f"{order}I", head[4:8])[0]
    at = 12
    for _ in range(_MOST_CHUNKS):
        chunk = _read(file, at, 8)
        if len(chunk) < 8:
            return None
        name, length = chunk[:4], struct.unpack(f"{order}I", chunk[4:])[0]
        if name == b"fmt ":
            body = _read(file, at + 8, 16)
            if len(body) < 16:
                return None
            coding, channels, rate, per_s, unit, bits = struct.unpack(f"{order}HHIIHH", body)
            frame = channels * -(-bits // 8)
            if coding in _SAMPLES and unit != frame and per_s == rate * frame:
                unit = frame  # two against one
            elif coding in _SAMPLES and unit != frame and (unit < frame or per_s != rate * unit):
                fault = Fault(f"its header is damaged: it speaks of {channels} channels of {bits} bits in {unit} bytes.", 0)
            if rate not in _USUAL_RATES and unit and per_s % unit == 0 and per_s // unit in _USUAL_RATES:
                fault = Fault(f"its header is damaged: it speaks of {rate:,} and of {per_s // unit:,} samples a second.", 0)
        elif name == b"ds64" and big:
            long_at = at + 8
            long_sizes = struct.unpack("<QQ", _read(file, long_at, 16).ljust(16, b"\0"))
        elif name == b"data":
            break
        at += 8 + length + length % 2
    else:
        return None
    place, said = at + 4, length
    if big and length == 0xFFFFFFFF:
        whole, length = long_sizes
        unknown = length == 0 or length >= 1 << 62
    else:
        unknown = length >= _UNKNOWN_32 and length > size
    start = at + 8

    def patches(held: int) -> tuple[tuple[int, bytes], ...]:
        if big and said == 0xFFFFFFFF:
            return (long_at, struct.pack("<QQ", start + held - 8, held)),
        return ((4, struct.pack(f"{order}I", min(start + held - 8, 0xFFFFFFFF))),
                (place, struct.pack(f"{order}I", min(held, 0xFFFFFFFF))))

    return Layout(start, None if unknown else length, max(1, unit), 1 / per_s if per_s else 0.0,
                  whole + 8, patches, lambda place: _chained(file, place, size, order), fault, coding in _MPEG,
                  coding not in _MPEG and rate * unit > _SEVERAL * per_s)


def aiff(file: BinaryIO, size: int) -> Layout | None:
    head = _read(file, 0, 12)
    at, common, channels, bits, count, rate, unit, plain = 12, 0, 0, 0, 0, 0.0, 1, True
    for _ in range(_MOST_CHUNKS):
        chunk = _read(file, at, 8)
        if len(chunk) < 8:
            return None
        name, length = chunk[:4], int.from_bytes(chunk[4:], "big")
        if name == b"COMM":
            common = at + 8
            body = _read(file, common, 22)
            channels, count, bits = struct.unpack(">HIH", body[:8].ljust(8, b"\0"))
            rate = _extended(body[8:18])
            plain = head[8:12] == b"AIFF" or body[18:22] in _PLAIN
            unit = max(1, channels * -(-bits // 8)) if plain else 1
        elif name == b"SSND":
            break
        at += 8 + length + length % 2
    else:
        return None
    skipped = int.from_bytes(_read(file, at + 8, 4), "big")  # that and a block size stand before the samples
    place, per_s, wrong = at + 4, rate * unit if plain else 0.0, False
    if skipped and plain and count * unit > min(length - 8, size - at - 16) - skipped:  # there is no room for them behind it
        skipped, wrong = 0, True
    start = at + 16 + skipped
    unknown = length in (0, 8) or (length >= _UNKNOWN_32 and length > size)
    said = None if unknown else max(0, length - 8 - skipped)
    two_sizes = common > 0 and plain and said is not None and count * unit != said
    fault = None
    if two_sizes and count not in (0, 0xFFFFFFFF, 0x7FFFFFFF):
        if count * unit > (said or 0) and int.from_bytes(head[4:8], "big") + 8 == size:  # all is there, and cannot be that much
            fault = Fault(f"its header is damaged: it speaks of {count:,} times {channels} samples of {bits} bits.", 0)
        said = max(said or 0, count * unit)  # one of them was never finished

    def patches(held: int) -> tuple[tuple[int, bytes], ...]:
        changed = [(4, struct.pack(">I", min(start + held - 8, 0xFFFFFFFF))),
                   (place, struct.pack(">II", min(held + 8 + skipped, 0xFFFFFFFF), skipped))]
        if common and plain:
            changed.append((common + 2, struct.pack(">I", min(held // unit, 0xFFFFFFFF))))
        return tuple(changed)

    return Layout(start, said, unit, 1 / per_s if per_s else 0.0, int.from_bytes(head[4:8], "big") + 8, patches,
                  lambda place: _chained(file, place, size, ">"), fault, two_sizes=two_sizes or wrong)


def w64(file: BinaryIO, size: int) -> Layout | None:
    whole = int.from_bytes(_read(file, 16, 8), "little")
    at, unit, per_s, rate = 40, 1, 0, 0
    for _ in range(_MOST_CHUNKS):
        chunk = _read(file, at, 24)
        if len(chunk) < 24 or chunk[4:16] != _W64_TAIL:
            return None
        length = int.from_bytes(chunk[16:24], "little")
        if chunk[:4] == b"fmt ":
            body = _read(file, at + 24, 16)
            if len(body) < 16:
                return None
            rate, per_s, unit = struct.unpack("<IIH", body[4:14])
        elif chunk[:4] == b"data":
            break
        at += max(24, length + 7 & ~7)
    else:
        return None
    start, place = at + 24, at + 16
    said = None if length <= 24 or length >= 1 << 62 else length - 24

    def chained(place: int) -> bool:
        filled = place + 7 & ~7
        if filled >= size:
            return not _read(file, place, filled - place).strip(b"\0")
        return _read(file, filled + 4, 12) == _W64_TAIL

    return Layout(start, said, max(1, unit), 1 / per_s if per_s else 0.0, whole, lambda held: (
        (16, struct.pack("<Q", start + held)), (place, struct.pack("<Q", held + 24))), chained,
                  block=rate * unit > _SEVERAL * per_s)


def caf(file: BinaryIO, size: int) -> Layout | None:
    at, unit, per_s, count = 8, 1, 0.0, 1
    for _ in range(_MOST_CHUNKS):
        chunk = _read(file, at, 12)
        if len(chunk) < 12:
            return None
        length = int.from_bytes(chunk[4:12], "big", signed=True)
        if chunk[:4] == b"desc":
            rate, _, _, packet, count = struct.unpack(">d4sIII", _read(file, at + 12, 24).ljust(24, b"\0"))
            unit = max(1, packet)
            per_s = rate * packet / count if count and 0 < rate < 1e9 else 0.0
        elif chunk[:4] == b"data":
            break
        if length < 0:
            return None
        at += 12 + length
    else:
        return None
    start, place = at + 16, at + 4  # a count of edits stands before the samples

    def chained(place: int) -> bool:
        for _ in range(_MOST_CHUNKS):
            chunk = _read(file, place, 12)
            if len(chunk) < 12:
                return place >= size
            length = int.from_bytes(chunk[4:], "big", signed=True)
            if not _is_name(chunk[:4]) or length < 0 or (place + 12 + length > size and chunk[:4] not in _COMPANIONS):
                return False
            place += 12 + length
        return True

    return Layout(start, length - 4 if length >= 4 else None, unit, 1 / per_s if per_s else 0.0, None,
                  lambda held: ((place, struct.pack(">q", held + 4)),), chained, block=count > 1)


def au(file: BinaryIO, size: int) -> Layout | None:
    head = _read(file, 0, 24)
    if len(head) < 24:
        return None
    start, length, coding, rate, channels = struct.unpack(">5I", head[4:])
    width = {1: 1, 2: 1, 3: 2, 4: 3, 5: 4, 6: 4, 7: 8, 27: 1}.get(coding, 0)
    unit, per_s = max(1, width * channels), rate * width * channels
    return Layout(start, None if length >= _UNKNOWN_32 and length > size else length, unit, 1 / per_s if per_s else 0.0, None,
                  lambda held: ((8, struct.pack(">I", min(held, 0xFFFFFFFF))),), lambda place: place >= size)


def _chained(file: BinaryIO, at: int, size: int, order: str) -> bool:
    """Whether chunks or tags stand from here to the end of the file, perhaps behind a byte that fills up what is before."""
    return at >= size or any(_chunks(file, first, size, order) for first in ((at, at + 1) if at % 2 else (at,)))


def _chunks(file: BinaryIO, at: int, size: int, order: str) -> bool:
    begin = at
    for _ in range(_MOST_CHUNKS):
        if size - at < 8:
            return at > begin or at >= size
        chunk = _read(file, at, 10)
        if chunk[:3] == b"TAG" or chunk[:8] == b"APETAGEX" or id3_size(chunk):
            return True
        length = struct.unpack(f"{order}I", chunk[4:8])[0]
        if not _is_name(chunk[:4]) or (at + 8 + length > size and chunk[:4] not in _COMPANIONS):
            return False
        at += 8 + length + length % 2
    return True


def _is_name(name: bytes) -> bool:
    return all(32 <= byte < 127 for byte in name)


def _extended(data: bytes) -> float:
    """An 80-bit float, as aiff gives rates."""
    if len(data) < 10:
        return 0.0
    exponent = int.from_bytes(data[:2], "big") & 0x7FFF
    mantissa = int.from_bytes(data[2:], "big")
    return float(mantissa) * 2.0 ** (exponent - 16446) if 16000 < exponent < 16500 else 0.0


def _read(file: BinaryIO, at: int, count: int) -> bytes:
    file.seek(at)
    return file.read(count)
