"""Sound files in and out: wav, flac, ogg, opus, mp3, aiff and more through libsndfile, m4a, wma, webm and more through FFmpeg.

Everything becomes mono float32, the mean of the channels, nominally in [-1, 1]; where channels cancel each other, one of
them (`decoding.mono`). A file that cannot be trusted as a whole (cut off, not a number somewhere) is a DecodeError, never a
shorter or mended sound. How much is in a file is a question of its content: see `engine.audio.decoding`. Whatever else goes
wrong while a file is read is a DecodeError, too (`faults.told`): one file ends no work on others.
"""

from __future__ import annotations

import io
import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile as sf
from numpy.typing import NDArray

from engine import files
from engine.audio.decoding.ffmpeg import MISSING, FFmpegSound
from engine.audio.decoding.link import UNREADABLE, Link
from engine.audio.decoding.links import looked
from engine.audio.decoding.mono import heard
from engine.audio.decoding.sndfile import READ_FRAMES, SndfileSound
from engine.audio.decoding.sound import Sound
from engine.audio.faults import told
from engine.audio.integrity import opened
from engine.audio.resample import StreamResampler
from engine.errors import AudioError, DecodeError
from engine.records import Audio, FileInfo, FloatArray

SUFFIXES = frozenset({
    ".wav", ".wave", ".bwf", ".rf64", ".w64", ".flac", ".ogg", ".oga", ".opus", ".spx", ".mp3", ".mp2", ".mpga", ".aif", ".aiff",
    ".aifc", ".au", ".snd", ".caf", ".m4a", ".m4b", ".m4r", ".aac", ".adts", ".wma", ".weba", ".webm", ".mka", ".mkv", ".mp4",
    ".m4v", ".mov", ".3gp", ".3gpp", ".3g2", ".amr", ".awb", ".ac3", ".eac3", ".ape", ".wv", ".tta", ".wmv", ".asf", ".avi",
    ".flv"})
"""Names that sounds have, and films with sound. What is in a file is told by its bytes."""

_LOWEST_HZ, _HIGHEST_HZ = 100, 1_536_000


def info(path: Path | str) -> FileInfo:
    """How long it is, of what rate and kind, without decoding it. Raises DecodeError."""
    path = Path(path)
    with told(path), _opened(path) as one:
        seconds = one.first.seconds()
        for link in one.links[1:]:
            with _sound(path, one.file, link, one.size) as sound:
                seconds += sound.seconds()
        return FileInfo(path, seconds, one.first.rate_hz, one.first.channels, one.first.format)


def read(path: Path | str, rate_hz: int | None = None, start_s: float = 0, duration_s: float | None = None) -> Audio:
    """Decode a file, or the stretch [start_s, start_s + duration_s) of it, into memory.

    rate_hz: wanted sample rate; None: the file's own. Raises DecodeError, also where the file ends before start_s.
    """
    with told(Path(path)), _opened(Path(path)) as one:
        rate = rate_hz or one.first.rate_hz
        pieces = list(_resampled(_decoded(one, start_s, duration_s), one.first.rate_hz, rate))
    return Audio(np.concatenate(pieces), rate)


def stream(path: Path | str, rate_hz: int | None = None, block_s: float = 30, start_s: float = 0,
           duration_s: float | None = None) -> Iterator[FloatArray]:
    """Decode a file in blocks of block_s (the last one shorter), in bounded memory.

    Yields float32 (round(block_s · rate_hz),): put together, the samples of `read`. Raises DecodeError before the first
    block, or when the file turns out to be cut off.
    """
    with told(Path(path)), _opened(Path(path)) as one:
        rate = rate_hz or one.first.rate_hz
        size = max(1, round(block_s * rate))
        block, filled = np.empty(size, dtype=np.float32), 0
        for piece in _resampled(_decoded(one, start_s, duration_s), one.first.rate_hz, rate):
            while len(piece):
                take = min(size - filled, len(piece))
                block[filled : filled + take] = piece[:take]
                filled, piece = filled + take, piece[take:]
                if filled == size:
                    yield block
                    block, filled = np.empty(size, dtype=np.float32), 0
        if filled:
            yield block[:filled].copy()


def write(path: Path | str, audio: Audio) -> None:
    """Write 16-bit wav or flac, by suffix; the file appears whole or not at all.

    Samples beyond [-1, 1) are cut to it. Raises AudioError: NaN, another suffix, no such folder, a full disk.
    """
    path = Path(path)
    kind = {".wav": "WAV", ".flac": "FLAC"}.get(path.suffix.lower())
    if kind is None:
        raise AudioError(f"Sound is written as .wav or .flac, not as “{path.suffix}”.")
    whole = _whole(audio, path.name)
    try:
        with files.whole(path) as out, sf.SoundFile(out.fileno(), "w", audio.rate_hz, 1, "PCM_16", format=kind,
                                                    closefd=False) as file:
            file.write(whole)
    except (OSError, sf.LibsndfileError) as error:
        raise AudioError(f"{path.name} cannot be written: {_words(error)}") from error


def wav_bytes(audio: Audio) -> bytes:
    """A wav file in memory, of 16 bits; of floats where samples go beyond [-1, 1], so that none is cut to it. Raises AudioError
    for NaN."""
    held, whole = io.BytesIO(), _whole(audio, "The sound")
    if float(np.max(np.abs(audio.samples), initial=0)) > 1:
        sf.write(held, audio.samples, audio.rate_hz, "FLOAT", format="WAV")
    else:
        sf.write(held, whole, audio.rate_hz, "PCM_16", format="WAV")
    return held.getvalue()


def from_bytes(data: bytes, name: Path) -> Audio:
    """Decode a file that is in memory. name: for the sentence of the DecodeError."""
    try:
        frames, rate_hz = sf.read(io.BytesIO(data), dtype="float32", always_2d=True)
    except (sf.LibsndfileError, OSError, TypeError) as error:
        raise DecodeError(name, "this is not a sound file that can be read, or its start is damaged.") from error
    if not len(frames) or not np.isfinite(frames).all():
        raise DecodeError(name, "there is no sound in it, or it holds samples that are no numbers.")
    return Audio(np.concatenate(list(heard(iter([frames]), int(rate_hz)))), int(rate_hz))


def _whole(audio: Audio, name: str) -> NDArray[np.int16]:
    """Samples as 16-bit numbers; beyond [-1, 1) they are cut to it. Raises AudioError for NaN."""
    if not np.isfinite(audio.samples).all():
        raise AudioError(f"{name} was not written: the sound holds NaN or infinity.")
    return np.clip(np.rint(audio.samples * np.float32(32768)), -32768, 32767).astype(np.int16)


@dataclass(frozen=True)
class _Opened:
    """A file that is open: the recordings in it, the first of them ready to be decoded."""

    path: Path
    file: BinaryIO
    size: int
    links: tuple[Link, ...]
    first: Sound


@contextmanager
def _opened(path: Path) -> Iterator[_Opened]:
    """The open file, once it is clear that there is something in it. It is read through the file that was looked at."""
    with opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        links = looked(path, file)
        with _sound(path, file, links[0], size) as first:
            yield _Opened(path, file, size, links, first)


@contextmanager
def _sound(path: Path, file: BinaryIO, link: Link, size: int) -> Iterator[Sound]:
    """One recording, by libsndfile where it reads it right, else by FFmpeg. Raises DecodeError."""
    sound = _decoder(path, file, link, size)
    if not _LOWEST_HZ <= sound.rate_hz <= _HIGHEST_HZ:
        sound.close()
        raise DecodeError(path, f"its header is damaged: it speaks of {sound.rate_hz:,} samples a second.")
    try:
        yield sound
    finally:
        sound.close()


def _decoder(path: Path, file: BinaryIO, link: Link, size: int) -> Sound:
    if link.prints:
        try:
            return FFmpegSound(path, file, link)
        except DecodeError as error:
            if error.reason != MISSING:
                raise
    if link.sndfile:
        try:
            sound = SndfileSound(path, file, link, size)
        except DecodeError as error:
            if not link.demuxer or error.reason != UNREADABLE:
                raise
        else:
            if link.least_s is None or sound.seconds() >= link.least_s:
                return sound
            sound.close()  # it does not understand what the file says about its length
    return FFmpegSound(path, file, link)


def _decoded(one: _Opened, start_s: float, duration_s: float | None) -> Iterator[FloatArray]:
    """Mono float32 pieces of the asked stretch, checked: all that should be there, all of it finite."""
    rate = one.first.rate_hz
    first = round(start_s * rate)
    last = None if duration_s is None else first + max(0, round(duration_s * rate))
    at = 0  # in the file, at the rate of its first recording
    for number, link in enumerate(one.links):
        if last is not None and at >= last and at > first:
            return
        if number == 0:
            at = yield from _checked(one, link, one.first, at, first, last)
        else:
            with _sound(one.path, one.file, link, one.size) as sound:
                at = yield from _checked(one, link, sound, at, first, last)
    if at <= first:
        raise DecodeError(one.path, f"it is only {at / rate:.2f} s long; there is nothing at {start_s:.2f} s." if first else
                          "there is no sound in it (0 samples).")


def _checked(one: _Opened, link: Link, sound: Sound, at: int, first: int, last: int | None) -> Generator[FloatArray, None, int]:
    """What of [first, last) is in one recording, which begins at `at`; returns where it ends, or where reading stopped."""
    rate, fault = one.first.rate_hz, link.fault
    if fault is not None and fault.at_s is not None and (last is None or last > at + round(fault.at_s * rate)):
        raise DecodeError(one.path, fault.reason)
    same, begins = sound.rate_hz == rate, 0
    if same and sound.frames is not None:  # of the others only decoding tells where they end
        begins = max(0, first - at)
        if sound.frames <= begins:
            return at + sound.frames
    pieces = _mono_pieces(sound, begins)
    done = at + begins
    for piece in pieces if same else _resampled(pieces, sound.rate_hz, rate):
        if not np.isfinite(piece).all():
            where = (done + int(np.flatnonzero(~np.isfinite(piece))[0])) / rate
            raise DecodeError(one.path, f"it holds samples that are no numbers (NaN or infinity), first at {where:.2f} s.")
        wanted = piece[max(0, first - done) :] if last is None else piece[max(0, first - done) : max(0, last - done)]
        done += len(piece)
        if len(wanted):
            yield wanted
        if last is not None and done >= last:
            return done
    if fault is not None:
        raise DecodeError(one.path, fault.reason)
    return done


def _mono_pieces(sound: Sound, first: int) -> Iterator[FloatArray]:
    """The recording from this frame on as mono float32. Of several channels a piece more is read in front of it, so that what
    is heard does not depend on where reading begins."""
    start = max(0, first // READ_FRAMES - 1) * READ_FRAMES if sound.channels > 1 else first
    skip = first - start
    for mono in heard(sound.pieces(start), sound.rate_hz):
        if skip < len(mono):
            yield mono[skip:] if skip else mono
        skip = max(0, skip - len(mono))


def _resampled(pieces: Iterator[FloatArray], from_hz: int, to_hz: int) -> Iterator[FloatArray]:
    resampler = StreamResampler(from_hz, to_hz)
    for piece in pieces:
        yield resampler.push(piece)
    yield resampler.flush()


def _words(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}."
    return str(error)
