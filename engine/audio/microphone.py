"""Where live sound comes from: a microphone, or a file that plays the part of one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from engine.audio import files
from engine.audio.devices import find, portaudio, try_each
from engine.audio.ring import Ring
from engine.errors import DeviceError
from engine.records import FloatArray

RING_S = 10.0  # how long the reader may be late before sound is dropped
SILENT_S = 4.0  # a microphone gives blocks all the time, also of silence: one that gives none for this long is gone
LATENCY_S = 0.1  # asked of PortAudio: its callback waits for the interpreter, which other threads keep busy at times
_CHANNELS = 2  # at most: more are other instruments on an interface, or PulseAudio's offer of 32
_BLOCK_S = 0.1  # what a FileSource gives at a time when it is not paced


class Source(Protocol):
    """Mono float32 sound that arrives while time passes. One reader."""

    @property
    def rate_hz(self) -> int:
        """Sample rate of what `read` gives."""

    @property
    def overflows(self) -> int:
        """How many times sound was dropped because nobody read it in time."""

    @property
    def lost(self) -> bool:
        """True once the source went away unasked."""

    @property
    def ended(self) -> bool:
        """True once all there was has been read (never with a microphone)."""

    @property
    def error(self) -> DeviceError | None:
        """Why it is lost."""

    def start(self) -> None:
        """Begin. Raises DeviceError or DecodeError."""

    def read(self) -> FloatArray:
        """Everything since the last read, float32 (n,), possibly empty. Does not wait."""

    def close(self) -> None:
        """Stop and free the device; may be called again."""


class Microphone:
    """A PortAudio input at its native rate; the mean of its first two channels.

    PortAudio's thread only copies into a preallocated ring. Used once: start, read …, close.
    """

    ended = False

    def __init__(self, name: str = "", ring_s: float = RING_S) -> None:
        """name: as in `devices.inputs`, "" for the default. Raises DeviceError where there is none."""
        self.device = find("input", name)
        self.rate_hz = self.device.rate_hz
        self._ring = Ring(round(ring_s * self.rate_hz))
        self._mono: FloatArray = np.zeros(round(ring_s * self.rate_hz), dtype=np.float32)
        self._stream: Any = None
        self._dropped_by_portaudio = 0
        self._asked_to_stop = False
        self._finished = False
        self._heard_at = 0.0  # time.monotonic() of the last block

    def start(self) -> None:
        """Open the device and begin. Raises DeviceError."""
        audio = portaudio()
        counts = sorted({min(_CHANNELS, self.device.channels), 1}, reverse=True)

        def opened(channels: int) -> Any:
            stream = audio.open("InputStream", device=self.device.index, channels=channels, samplerate=self.rate_hz,
                                dtype="float32", latency=LATENCY_S, callback=self._arrived,
                                finished_callback=self._stopped)
            try:
                stream.start()
            except audio.errors:
                self._asked_to_stop = True
                audio.close(stream)
                self._asked_to_stop = self._finished = False
                raise
            self._heard_at = time.monotonic()  # opening may have taken long, and is no silence
            return stream

        self._stream = try_each(
            [lambda n=n: opened(n) for n in counts], audio.errors,  # type: ignore[misc]
            f"The microphone “{self.device.title}” cannot be opened. It may be in use by another program, "
            "or not be allowed to this one.")

    def read(self) -> FloatArray:
        """Everything that arrived since the last read, float32 (n,)."""
        return self._ring.read()

    def close(self) -> None:
        self._asked_to_stop = True
        if self._stream is not None:
            stream, self._stream = self._stream, None
            portaudio().close(stream)

    @property
    def overflows(self) -> int:
        """Times sound was dropped, by the ring or by PortAudio itself."""
        return self._ring.overflows + self._dropped_by_portaudio

    @property
    def lost(self) -> bool:
        """True once the device went away: PortAudio ended the stream, or gives nothing any more (a sound server that went away
        may leave it waiting for ever)."""
        if self._asked_to_stop or self._stream is None:
            return self._finished and not self._asked_to_stop
        return self._finished or not self._stream.active or time.monotonic() - self._heard_at > SILENT_S

    @property
    def error(self) -> DeviceError | None:
        """What to tell when it is lost."""
        if not self.lost:
            return None
        return DeviceError(f"The microphone “{self.device.title}” went away. What was heard so far is kept. "
                           "Plug it in again, or choose another one.", "the PortAudio stream ended, or gave nothing any more")

    def _arrived(self, indata: FloatArray, frames: int, _time: Any, status: Any) -> None:
        """On PortAudio's thread. indata: float32 (frames, channels)."""
        self._heard_at = time.monotonic()
        if status and status.input_overflow:
            self._dropped_by_portaudio += 1
        if indata.shape[1] == 1:
            self._ring.write(indata[:, 0])
        else:
            mono = self._mono[:frames]
            np.mean(indata, axis=1, out=mono)
            self._ring.write(mono)

    def _stopped(self) -> None:
        """On PortAudio's thread, after the last block."""
        self._finished = True


class FileSource:
    """A sound file as a live source, for tests, demonstrations and `--input FILE`."""

    overflows = 0
    lost = False
    error: DeviceError | None = None

    def __init__(self, path: Path | str, pace: float = 1.0) -> None:
        """pace: seconds of sound a second; 0: every read gives the next tenth of a second. Raises DecodeError."""
        self.path, self.pace = Path(path), pace
        self.info = files.info(path)
        self.rate_hz = self.info.rate_hz
        self.ended = False
        self._blocks: Iterator[FloatArray] | None = None
        self._held: FloatArray = np.zeros(0, dtype=np.float32)
        self._given = 0
        self._began = 0.0

    def start(self) -> None:
        self._blocks = files.stream(self.path, self.rate_hz, block_s=1.0)
        self._began, self._given, self.ended = time.monotonic(), 0, False

    def read(self) -> FloatArray:
        """What is due by now, float32 (n,). Raises DecodeError where the file turns out to be cut off."""
        if self._blocks is None:
            return np.zeros(0, dtype=np.float32)
        if self.pace > 0:
            due = int((time.monotonic() - self._began) * self.pace * self.rate_hz) - self._given
        else:
            due = max(1, round(_BLOCK_S * self.rate_hz))
        while len(self._held) < due:
            block = next(self._blocks, None)
            if block is None:
                self.ended = len(self._held) <= due
                break
            self._held = np.concatenate([self._held, block])
        new, self._held = self._held[:due].copy(), self._held[due:]
        self._given += len(new)
        return new

    def close(self) -> None:
        self._blocks = None
        self._held = self._held[:0]
