"""A sound file that grows while one listens, and is whole whenever the program ends.

It is written as `<name>.part` and renamed when it is closed; a `.part` left by a killed program can be read up to the
last flush, and `recover` makes a proper file of it. The sizes in its header (RIFF: Microsoft and IBM, Multimedia
Programming Interface 1.0, 1991) are brought up to date at every flush, because strict readers believe them.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

import numpy as np

from engine.errors import StoreError
from engine.files import flush_folder, own_file, own_folder
from engine.records import FloatArray

FLUSH_S = 2.0
LARGEST = 0xFFFF_FFFF  # bytes: what a size in a wav header can say

log = logging.getLogger(__name__)


class Recorder:
    """Writes mono 16-bit sound to a wav file."""

    def __init__(self, path: Path, rate_hz: int) -> None:
        """Raises StoreError when the file cannot be made."""
        import soundfile

        self.path, self._rate_hz = path, rate_hz
        self._part = _part(path)
        self._since_flush = 0
        try:
            own_folder(path.parent)
            own_file(self._part)  # libsndfile opens it by its name
            self._file = soundfile.SoundFile(os.fsencode(self._part), "w", rate_hz, 1, "PCM_16", format="WAV")
        except (OSError, soundfile.LibsndfileError) as error:
            raise StoreError(f"The recording cannot be written: {error}.") from error

    def write(self, wave: FloatArray) -> None:
        """wave: float32 (n,). Raises StoreError, for instance when the disk is full."""
        import soundfile

        try:
            self._file.write(np.clip(wave, -1.0, 1.0))
            self._since_flush += len(wave)
            if self._since_flush >= FLUSH_S * self._rate_hz:
                self._file.flush()
                write_sizes(self._part)
                self._since_flush = 0
        except (OSError, soundfile.LibsndfileError) as error:
            raise StoreError("The recording stopped, for instance because the disk is full. What was written is "
                             "safe.") from error

    def close(self) -> Path:
        """Finish the file and give it its name. Raises StoreError; what was written is kept even then, where it can be."""
        import soundfile

        if self._file.closed:
            return self.path
        try:
            try:
                self._file.close()
            finally:
                _finish(self._part, self.path)
        except (OSError, soundfile.LibsndfileError) as error:
            raise StoreError("The recording could not be finished, for instance because the disk is full. What was "
                             "written is safe.") from error
        return self.path


def so_far(path: Path) -> Path:
    """Where the sound of a recording can be read now: under its name, or in the `.part` that is being written."""
    part = _part(path)
    return part if part.exists() and not path.exists() else path


def _part(path: Path) -> Path:
    return path.with_name(path.name + ".part")


def recover(folder: Path) -> list[Path]:
    """Make the `.part` files of a killed program whole and give them their names; returns them.

    Empty ones are removed; one that cannot be changed is left for the next time.
    """
    found = []
    for part in sorted(folder.glob("*.wav.part")):
        try:
            if part.stat().st_size <= 44:  # bytes: a header without sound
                part.unlink()
                continue
            target = part.with_suffix("")
            _finish(part, target)
            found.append(target)
        except OSError as error:
            log.warning("an unfinished recording could not be made whole: %s", type(error).__name__)
    return found


def _finish(part: Path, path: Path) -> None:
    """Give a recording its sizes and its name, and see to it that both are on the disk. Raises OSError."""
    write_sizes(part)
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    part.replace(path)
    flush_folder(path.parent)


def write_sizes(path: Path) -> None:
    """Let the header of a mono 16-bit wav file say what the file holds; anything else is left alone. Raises OSError."""
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        begins = file.read(12)
        if begins[:4] != b"RIFF" or begins[8:] != b"WAVE":
            return
        at = 12
        while at + 8 <= size:
            file.seek(at)
            name, told = file.read(4), int.from_bytes(file.read(4), "little")
            if name == b"data":
                held = (size - at - 8) // 2 * 2  # bytes: whole samples
                file.seek(at + 4)
                file.write(min(held, LARGEST).to_bytes(4, "little"))
                file.seek(4)
                file.write(min(at + held, LARGEST).to_bytes(4, "little"))
                return
            at += 8 + told + told % 2
