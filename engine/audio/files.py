"""Sound files in and out, through libsndfile: wav, flac, ogg vorbis, opus, mp3, aiff; any rate, any channels.

Everything becomes mono float32, the mean of the channels, nominally in [-1, 1]. A file that cannot be trusted as a
whole (cut off, not a number somewhere) is a DecodeError, never a shorter or mended sound.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import soundfile as sf
from numpy.typing import NDArray

from engine import files
from engine.audio.integrity import declared_frames, mp3_promises_length, ogg_is_cut, opened
from engine.audio.resample import StreamResampler
from engine.errors import AudioError, DecodeError
from engine.records import Audio, FileInfo, FloatArray

SUFFIXES = frozenset({".wav", ".wave", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc"})

_READ_FRAMES = 1 << 16  # frames decoded at a time
_MP3_SLACK_S = 0.2  # an mp3's length is given in frames and padding differs among encoders


def info(path: Path | str) -> FileInfo:
    """What the header says, without decoding. Raises DecodeError."""
    path = Path(path)
    with _opened(path) as one:
        sound = one.sound
        return FileInfo(path, sound.frames / sound.samplerate, sound.samplerate, sound.channels, _format(sound))


def read(path: Path | str, rate_hz: int | None = None, start_s: float = 0, duration_s: float | None = None) -> Audio:
    """Decode a file, or the stretch [start_s, start_s + duration_s) of it, into memory.

    rate_hz: wanted sample rate; None: the file's own. Raises DecodeError, also where the file ends before start_s.
    """
    with _opened(Path(path)) as one:
        rate = rate_hz or one.sound.samplerate
        pieces = list(_resampled(_decoded(one, start_s, duration_s), one.sound.samplerate, rate))
    return Audio(np.concatenate(pieces), rate)


def stream(path: Path | str, rate_hz: int | None = None, block_s: float = 30, start_s: float = 0,
           duration_s: float | None = None) -> Iterator[FloatArray]:
    """Decode a file in blocks of block_s (the last one shorter), in bounded memory.

    Yields float32 (round(block_s · rate_hz),): put together, the samples of `read`. Raises DecodeError before the first
    block, or when the file turns out to be cut off.
    """
    with _opened(Path(path)) as one:
        rate = rate_hz or one.sound.samplerate
        size = max(1, round(block_s * rate))
        block, filled = np.empty(size, dtype=np.float32), 0
        for piece in _resampled(_decoded(one, start_s, duration_s), one.sound.samplerate, rate):
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
    """A 16-bit wav file in memory. Raises AudioError for NaN."""
    held = io.BytesIO()
    sf.write(held, _whole(audio, "The sound"), audio.rate_hz, "PCM_16", format="WAV")
    return held.getvalue()


def from_bytes(data: bytes, name: Path) -> Audio:
    """Decode a file that is in memory. name: for the sentence of the DecodeError."""
    try:
        frames, rate_hz = sf.read(io.BytesIO(data), dtype="float32", always_2d=True)
    except (sf.LibsndfileError, OSError, TypeError) as error:
        raise DecodeError(name, "this is not a sound file that can be read, or its start is damaged.") from error
    if not len(frames) or not np.isfinite(frames).all():
        raise DecodeError(name, "there is no sound in it, or it holds samples that are no numbers.")
    return Audio(_mono(frames), int(rate_hz))


def _whole(audio: Audio, name: str) -> NDArray[np.int16]:
    """Samples as 16-bit numbers; beyond [-1, 1) they are cut to it. Raises AudioError for NaN."""
    if not np.isfinite(audio.samples).all():
        raise AudioError(f"{name} was not written: the sound holds NaN or infinity.")
    return np.clip(np.rint(audio.samples * np.float32(32768)), -32768, 32767).astype(np.int16)


@dataclass(frozen=True)
class _Opened:
    """A sound that is open: the bytes of its file, and libsndfile's view of them."""

    path: Path
    file: BinaryIO
    sound: Any


@contextmanager
def _opened(path: Path) -> Iterator[_Opened]:
    """The open sound, once it is clear that there is something in it. It is read through the file that was looked at."""
    with opened(path) as file:
        # Windows' libsndfile takes no handle of ours; there is nothing to wait for in a folder of Windows' either
        source = str(path) if os.name == "nt" else file.fileno()
        try:
            sound = sf.SoundFile(source, closefd=False)
        except (sf.LibsndfileError, OSError, TypeError) as error:
            raise DecodeError(path, "this is not a sound file that can be read, or its start is damaged.") from error
        with sound:
            if sound.frames <= 0:
                raise DecodeError(path, "there is no sound in it (0 samples).")
            yield _Opened(path, file, sound)


def _decoded(one: _Opened, start_s: float, duration_s: float | None) -> Iterator[FloatArray]:
    """Mono float32 pieces of the asked stretch, checked: all samples that the header promises, all of them finite."""
    path, file = one.path, one.sound
    rate = file.samplerate
    promised = declared_frames(file)
    first = round(start_s * rate)
    if first and first >= promised:
        raise DecodeError(path, f"it is only {promised / rate:.2f} s long; there is nothing at {start_s:.2f} s.")
    last = promised if duration_s is None else min(promised, first + max(0, round(duration_s * rate)))
    done = first
    try:
        if first:
            file.seek(first)
        while done < last:
            frames = file.read(min(_READ_FRAMES, last - done), dtype="float32", always_2d=True)  # (n, channels)
            if not len(frames):
                break
            mono = _mono(frames)
            if not np.isfinite(mono).all():
                at = (done + int(np.flatnonzero(~np.isfinite(mono))[0])) / rate
                raise DecodeError(path, f"it holds samples that are no numbers (NaN or infinity), first at {at:.2f} s.")
            done += len(mono)
            yield mono
    except sf.LibsndfileError as error:
        raise DecodeError(path, _cut_off(done, promised, rate)) from error
    short = last - done
    if file.format == "MP3" and (short <= _MP3_SLACK_S * rate or not mp3_promises_length(one.file)):
        short = 0
    if short > 0 or done == 0:
        raise DecodeError(path, _cut_off(done, promised, rate))
    if duration_s is None and file.format == "OGG" and ogg_is_cut(one.file):
        raise DecodeError(path, f"the file is cut off: only {done / rate:.2f} s can be read.")


def _mono(frames: FloatArray) -> FloatArray:
    """The mean of (n, channels). (Not a matrix product: BLAS would spread it over cores that may be busy.)"""
    mono = frames[:, 0].copy()
    for channel in range(1, frames.shape[1]):
        mono += frames[:, channel]
    if frames.shape[1] > 1:
        mono *= np.float32(1 / frames.shape[1])
    return mono


def _cut_off(done: int, promised: int, rate_hz: int) -> str:
    return (f"the file is cut off or damaged: {done / rate_hz:.2f} of {promised / rate_hz:.2f} seconds "
            "could be read.")


def _resampled(pieces: Iterator[FloatArray], from_hz: int, to_hz: int) -> Iterator[FloatArray]:
    resampler = StreamResampler(from_hz, to_hz)
    for piece in pieces:
        yield resampler.push(piece)
    yield resampler.flush()


def _format(file: Any) -> str:
    if file.subtype == "OPUS":
        return "opus"
    return {"WAVEX": "wav", "RF64": "wav", "W64": "wav"}.get(file.format, file.format.lower())


def _name(path: Path) -> bytes | str:
    """As libsndfile wants it: bytes, for names that are not UTF-8; on Windows names are text."""
    return str(path) if os.name == "nt" else os.fsencode(path)


def _words(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}."
    return str(error)
