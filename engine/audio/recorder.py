"""A sound file that grows while one listens, and is whole whenever the program ends.

It is written as `<name>.part` and renamed when it is closed; a `.part` left by a killed program can be read up to the
last flush, and `recover` makes a proper file of it.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from engine.errors import StoreError
from engine.records import FloatArray

FLUSH_S = 2.0


class Recorder:
    """Writes mono 16-bit sound to a wav file."""

    def __init__(self, path: Path, rate_hz: int) -> None:
        """Raises StoreError when the file cannot be made."""
        import soundfile

        self.path, self._rate_hz = path, rate_hz
        self._part = path.with_name(path.name + ".part")
        self._since_flush = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
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
                self._since_flush = 0
        except (OSError, soundfile.LibsndfileError) as error:
            raise StoreError("The recording stopped, for instance because the disk is full. What was written is "
                             "safe.") from error

    def close(self) -> Path:
        """Finish the file and give it its name."""
        if not self._file.closed:
            self._file.close()
            self._part.replace(self.path)
        return self.path


def recover(folder: Path) -> list[Path]:
    """Give the `.part` files of a killed program their names; returns them. Empty ones are removed."""
    found = []
    for part in sorted(folder.glob("*.wav.part")):
        if part.stat().st_size <= 44:  # bytes: a header without sound
            part.unlink()
            continue
        target = part.with_suffix("")
        part.replace(target)
        found.append(target)
    return found
