"""A sound file that grows while one listens, and is whole whenever the program ends.

A thread of its own writes it, so that who hears the sound never waits for the disk. It is written as `<name>.part` and
renamed when it is closed; a `.part` left by a killed program can be read up to the last flush, and `recover` makes a proper
file of it. The sizes in its header (RIFF: Microsoft and IBM, Multimedia Programming Interface 1.0, 1991) are brought up to
date at every flush, because strict readers believe them.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np

from engine.errors import StoreError
from engine.files import flush_folder, hold, own_file, own_folder
from engine.records import FloatArray

FLUSH_S = 2.0
WAIT_S = 30.0  # of sound that waits for a slow disk at the most: 6 MB at 48 kHz
LARGEST = 0xFFFF_FFFF  # bytes: what a size in a wav header can say

log = logging.getLogger(__name__)


class Recorder:
    """Writes mono 16-bit sound to a wav file. Its methods may be called from any thread."""

    def __init__(self, path: Path, rate_hz: int) -> None:
        """Raises StoreError when the file cannot be made."""
        import soundfile

        self.path, self._rate_hz = path, rate_hz
        self._part = _part(path)
        self._changed = threading.Condition()
        self._waiting: deque[FloatArray] = deque()
        self._waiting_n = 0  # samples
        self._ended = False  # nothing more comes
        self._error: StoreError | None = None
        self._safe_n = 0
        self._let_go: Callable[[], None] = lambda: None
        try:
            own_folder(path.parent)
            own_file(self._part)  # libsndfile opens it by its name
            self._let_go = hold(self._part) or (lambda: None)  # so that nobody who tidies up takes it for a killed program's
            self._file = soundfile.SoundFile(os.fsencode(self._part), "w", rate_hz, 1, "PCM_16", format="WAV")
        except (OSError, soundfile.LibsndfileError) as error:
            self._let_go()
            raise StoreError(f"The recording cannot be written: {error}.") from error
        self._thread = threading.Thread(target=self._main, name="recorder", daemon=True)
        self._thread.start()

    @property
    def safe_s(self) -> float:
        """Seconds that are in the file and would outlast a kill."""
        return self._safe_n / self._rate_hz

    def write(self, wave: FloatArray) -> None:
        """Take sound, float32 (n,), which must not be changed afterwards. Does not wait for the disk.

        Raises StoreError once the recording cannot go on (a full disk, or one that is too slow). The file is finished then
        with what it got, and `close` need not be called.
        """
        with self._changed:
            if self._error is None and self._waiting_n + len(wave) > WAIT_S * self._rate_hz:
                self._error = StoreError("The recording stopped because the disk is too slow. What was recorded until then is "
                                         "safe.")
                self._ended = True
                self._changed.notify_all()
            if self._error is not None:
                raise self._error
            if self._ended:
                return
            self._waiting.append(wave)
            self._waiting_n += len(wave)
            self._changed.notify_all()

    def end(self) -> None:
        """Nothing more comes: the file is finished and gets its name as soon as the disk has what waits for it."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def close(self) -> Path:
        """`end`, and wait until that is done. Raises StoreError; what was written is kept even then, where it can be."""
        self.end()
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self.path

    # --- the thread ---------------------------------------------------------------------------------------------------

    def _main(self) -> None:
        import soundfile

        broken = (OSError, soundfile.LibsndfileError)
        try:
            self._write_all()
        except broken as error:
            self._fail("The recording stopped, for instance because the disk is full. What was written is safe.", error)
        try:
            try:
                self._file.close()
            finally:
                _finish(self._part, self.path)
        except broken as error:
            self._fail("The recording could not be finished, for instance because the disk is full. What was written is safe.",
                       error)
        finally:
            self._let_go()

    def _write_all(self) -> None:
        """Until nothing more comes. Raises what soundfile raises."""
        written = 0
        while (wave := self._next()) is not None:
            self._file.write(np.clip(wave, -1.0, 1.0))
            written += len(wave)
            if written - self._safe_n >= FLUSH_S * self._rate_hz:
                self._file.flush()
                write_sizes(self._part)
                self._safe_n = written

    def _next(self) -> FloatArray | None:
        """What waits longest; None once there is nothing left and nothing more comes."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._ended)
            if not self._waiting:
                return None
            wave = self._waiting.popleft()
            self._waiting_n -= len(wave)
            return wave

    def _fail(self, sentence: str, why: Exception) -> None:
        """The first failure is the one to tell. What still waits is let go."""
        with self._changed:
            self._ended = True
            self._waiting.clear()
            if self._error is None:
                self._error = StoreError(sentence)
                self._error.__cause__ = why


def live_path(folder: Path, now: datetime) -> Path:
    """A name for a recording of the microphone that no file has yet, also none that is being written."""
    name, number = f"Live {now:%Y-%m-%d %H-%M-%S}", 1
    path = folder / f"{name}.wav"
    while path.exists() or _part(path).exists():
        number += 1
        path = folder / f"{name} ({number}).wav"
    return path


def so_far(path: Path) -> Path:
    """Where the sound of a recording can be read now: under its name, or in the `.part` that is being written."""
    part = _part(path)
    return part if part.exists() and not path.exists() else path


def _part(path: Path) -> Path:
    return path.with_name(path.name + ".part")


def recover(folder: Path) -> list[Path]:
    """Make the `.part` files of a killed program whole and give them their names; returns them.

    Empty ones are removed; one that cannot be changed is left for the next time. What is being written now, by this program or
    another, is left alone.
    """
    found = []
    for part in sorted(folder.glob("*.wav.part")):
        let_go = None
        try:
            let_go = hold(part)
            if let_go is None:
                continue
            if part.stat().st_size <= 44:  # bytes: a header without sound
                part.unlink()
                continue
            target = part.with_suffix("")
            _finish(part, target)
            found.append(target)
        except OSError as error:
            log.warning("an unfinished recording could not be made whole: %s", type(error).__name__)
        finally:
            if let_go is not None:
                let_go()
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
