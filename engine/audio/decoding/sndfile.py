"""Decoding through libsndfile: wav, flac, ogg vorbis, opus, mp3, aiff, au, caf, w64 and some rarer ones."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import soundfile as sf

from engine.audio.decoding.link import UNREADABLE, Link, cut_off
from engine.errors import DecodeError
from engine.records import FloatArray

READ_FRAMES = 1 << 16
"""Frames decoded at a time."""
_MP3_SLACK = 1152  # an mp3's length is given in frames and padding differs among encoders; that all are there is known
_WITHOUT_LEAPS = ("mp3", "opus", "ogg")
"""Read from their beginning: frames of mp3 and Opus lean on those before them, and libsndfile leaps wrong into the last page."""
_NO_LENGTH = 1 << 62


class SndfileSound:
    """One link; see Sound. Raises DecodeError where libsndfile cannot read it."""

    def __init__(self, path: Path, file: BinaryIO, link: Link, size: int) -> None:
        self._path = path
        source: int | str | object = link.part(file)
        if not link.patches and (link.start, link.end) == (0, size):
            # Windows' libsndfile takes no handle of ours; there is nothing to wait for in a folder of Windows' either
            source = str(path) if os.name == "nt" else file.fileno()
            if os.name != "nt":
                os.lseek(file.fileno(), 0, os.SEEK_SET)
        try:
            self._file = sf.SoundFile(source, closefd=False)
        except (sf.LibsndfileError, OSError, TypeError) as error:
            raise DecodeError(path, UNREADABLE) from error
        self.rate_hz, self.channels, self.format = int(self._file.samplerate), int(self._file.channels), _format(self._file)
        self.frames: int = int(self._file.frames)
        if self.frames <= 0 or self.frames >= _NO_LENGTH:
            self.close()
            raise DecodeError(path, "there is no sound in it (0 samples)." if self.frames <= 0 else
                              UNREADABLE)

    def seconds(self) -> float:
        return self.frames / self.rate_hz

    def pieces(self, first: int) -> Iterator[FloatArray]:
        done = first
        try:
            done = 0 if self.format in _WITHOUT_LEAPS else first
            if done:
                self._file.seek(done)
            while done < self.frames:
                frames: FloatArray = self._file.read(min(READ_FRAMES, self.frames - done), dtype="float32", always_2d=True)
                if not len(frames):
                    break
                done += len(frames)
                if done > first:
                    yield frames[max(0, len(frames) - (done - first)) :]
        except sf.LibsndfileError as error:
            raise self._cut(done) from error
        if self.frames - done > (_MP3_SLACK if self.format == "mp3" else 0) or not done:
            raise self._cut(done)

    def close(self) -> None:
        self._file.close()

    def _cut(self, done: int) -> DecodeError:
        return DecodeError(self._path, cut_off(done / self.rate_hz, self.frames / self.rate_hz).reason)


def _format(file: sf.SoundFile) -> str:
    if file.subtype == "OPUS":
        return "opus"
    return {"WAVEX": "wav", "RF64": "wav", "W64": "wav"}.get(file.format, str(file.format).lower())
