"""Of which recordings a file consists, by its first bytes and not by its name."""

from __future__ import annotations

import os
import time
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from engine.audio.decoding import chunks, flac, frames, ogg, structure
from engine.audio.decoding.link import UNREADABLE, Link
from engine.audio.decoding.tags import id3_size
from engine.errors import DecodeError

_W64 = b"riff\x2e\x91\xcf\x11"
_ASF = bytes.fromhex("3026b2758e66cf11")
_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
_SIMPLE = ((b"MAC ", "ape"), (b"wvpk", "wv"), (b"TTA1", "tta"), (b"FLV\x01", "flv"))
"""Formats whose header counts samples, which FFmpeg reads."""
_KEPT = 64  # files of which is remembered what is in them: more than are asked about and then read at the same time
_SETTLED_NS = 2_000_000_000
"""A file that changed less than this ago may change again without its time changing: so coarse are the clocks of some disks."""


def looked(path: Path, file: BinaryIO) -> tuple[Link, ...]:
    """As `links_of`; a file that was looked at lately, and has not changed since, is not looked at again."""
    there = os.fstat(file.fileno())
    if time.time_ns() - there.st_mtime_ns < _SETTLED_NS:
        return links_of(path, file, there.st_size)
    seen = _seen(there.st_dev, there.st_ino, there.st_size, there.st_mtime_ns, there.st_ctime_ns)
    if not seen:
        seen.append(links_of(path, file, there.st_size))
    return seen[0]


@lru_cache(maxsize=_KEPT)
def _seen(*file: int) -> list[tuple[Link, ...]]:
    """What is known of a file, once it was looked at. file: all that changes when its content does."""
    return []


def links_of(path: Path, file: BinaryIO, size: int) -> tuple[Link, ...]:
    """The recordings of a file in order. Raises DecodeError where there is no sound in it."""
    file.seek(0)
    head = file.read(16)
    tag = id3_size(head)
    if tag:
        file.seek(tag)
        head_after = file.read(16)
        if head_after[:4] == flac.MAGIC:
            return flac.links_of(file, size)
        if head_after[:1] != b"\xff" or frames.adts_frame(head_after, 0) is None:
            return frames.mp3_links(file, size) or _none(path)
        return frames.stream_links(file, size, "aac", frames.adts_frame, tag) or _none(path)
    if head[:4] in (b"RIFF", b"RIFX", b"RF64", b"BW64") and head[8:12] == b"WAVE":
        return (chunks.link_of(file, size, chunks.riff(file, size), "wav"),)
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return (chunks.link_of(file, size, chunks.aiff(file, size), "aiff"),)
    if head[:8] == _W64:
        return (chunks.link_of(file, size, chunks.w64(file, size), "w64"),)
    if head[:4] == b"caff":
        return (chunks.link_of(file, size, chunks.caf(file, size), "caf"),)
    if head[:4] == b".snd":
        return (chunks.link_of(file, size, chunks.au(file, size), "au"),)
    if head[:4] == flac.MAGIC:
        return flac.links_of(file, size)
    if head[:4] == b"OggS":
        return ogg.links_of(file, size)
    if head[4:8] in _BOXES:
        return (Link(0, size, demuxer="mov", sndfile=False, fault=structure.boxes(file, size)),)
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return (Link(0, size, demuxer="matroska", sndfile=False, fault=structure.matroska(file, size)),)
    if head[:8] == _ASF:
        return (Link(0, size, demuxer="asf", sndfile=False, fault=structure.asf(file, size)),)
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return (Link(0, size, demuxer="avi", sndfile=False, fault=structure.avi(file, size)),)
    for magic, demuxer in _SIMPLE:
        if head.startswith(magic):
            return (Link(0, size, demuxer=demuxer, sndfile=False),)
    if head[:6] == b"#!AMR\n":
        return frames.stream_links(file, size, "amr", frames.amr_frame, 6) or _none(path)
    if head[:9] == b"#!AMR-WB\n":
        return frames.stream_links(file, size, "amr", frames.amr_wb_frame, 9) or _none(path)
    for demuxer, header in (("aac", frames.adts_frame), ("ac3", frames.ac3_frame)):
        if header(head, 0) is not None and (found := frames.stream_links(file, size, demuxer, header)):
            demuxer = "eac3" if demuxer == "ac3" and head[5] >> 3 > 10 else demuxer
            return found if demuxer != "eac3" else (Link(found[0].start, found[0].end, demuxer=demuxer, sndfile=False,
                                                         least_s=found[0].least_s, fault=found[0].fault),)
    if (recordings := frames.mp3_links(file, size)):
        return recordings
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:  # libsndfile would try its luck with a broken mp3
        return _none(path)
    return (Link(0, size),)  # libsndfile knows more formats


def _none(path: Path) -> tuple[Link, ...]:
    raise DecodeError(path, UNREADABLE)
