"""Playing one sound at a time, with a position."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Literal

import numpy as np

from engine.audio import files
from engine.audio.devices import Device, find, portaudio, try_each
from engine.audio.reels import FileReel, MemoryReel, Reel
from engine.audio.resample import resample
from engine.errors import AudioError, DeviceError
from engine.records import Audio, FloatArray

State = Literal["stopped", "playing", "paused"]

LONG_S = 600.0  # files longer than this are decoded while they play (10 minutes at 48 kHz are 115 MB)
LATENCY_S = 0.1  # asked of PortAudio: its callback waits for the interpreter, which other threads keep busy at times
_FADE_S = 0.005  # of what is cut off by another sound
_DRAIN_S = 0.05  # of silence beyond the latency before the stream is ended
_SCRATCH = 1 << 16  # frames; PortAudio asks for some hundreds at a time


class Player:
    """A loudspeaker. Thread-safe towards its own callback; used by one thread (or one lane of jobs) at a time.

    Nothing is opened before the first `play`. Decoding happens in the caller of `play`.
    """

    def __init__(self, name: str = "", volume_db: float = -6) -> None:
        """name: as in `devices.outputs`, "" for the default. volume_db: gain, 0 = as it is in the file."""
        self.name = name
        self.volume_db = volume_db
        self._device: Device | None = None
        self._stream: Any = None
        self._lock = threading.Lock()  # held for a few assignments only
        self._reel: Reel | None = None
        self._cut: Reel | None = None  # the reel that another one replaced, to be faded out
        self._paused = False
        self._drained = 0  # frames of silence given after the end of the reel
        self._ending = False  # the callback has given its last block
        self._asked_to_stop = False
        self._lost = False
        self._gain = 0.0
        self._mono: FloatArray = np.zeros(_SCRATCH, dtype=np.float32)
        self._fade: FloatArray = np.zeros(0, dtype=np.float32)
        self._drain = 0  # frames of silence to give
        self._duration_s = 0.0
        self._error: AudioError | None = None

    def play(self, sound: Audio | Path | str, start_s: float = 0, end_s: float | None = None,
             loop: bool = False) -> None:
        """Play a sound or the stretch [start_s, end_s) of it; what was playing stops.

        Raises DecodeError, DeviceError; what was playing goes on then, as far as it can.
        """
        opened = self._device if self._stream is not None and not self._lost else None
        device = opened or find("output", self.name)
        reel, duration_s = _reel(sound, device.rate_hz, start_s, end_s, loop)
        try:
            self._open(device)
        except DeviceError:
            reel.close()
            raise
        with self._lock:
            replaced, self._reel = self._reel, reel
            self._cut = None if self._paused else replaced
            self._paused, self._drained = False, 0
            self._duration_s, self._error = duration_s, None
            running = self._stream.active and not self._ending
            if not running:
                self._cut = None
        if replaced is not None:
            replaced.close()
        if not running:
            self._run()

    def pause(self) -> None:
        """Hold; `resume` goes on from here."""
        with self._lock:
            self._paused = self._reel is not None

    def resume(self) -> None:
        """Go on after `pause`."""
        with self._lock:
            self._paused = False

    def stop(self) -> None:
        """Be silent now."""
        with self._lock:
            reel, self._reel, self._cut, self._paused = self._reel, None, None, False
            self._ending = True
        if self._stream is not None and self._stream.active:
            self._asked_to_stop = True
            self._stream.abort(ignore_errors=True)
        if reel is not None:
            reel.close()

    def close(self) -> None:
        """Stop and free the device; the next `play` opens it again."""
        self.stop()
        if self._stream is not None:
            self._asked_to_stop = True
            stream, self._stream = self._stream, None
            portaudio().close(stream)

    def let_go(self) -> None:
        """Free the device if nothing is playing: a rescan wants to happen."""
        if self.state == "stopped":
            self.close()

    @property
    def state(self) -> State:
        if self._reel is None or self._lost:
            return "stopped"
        return "paused" if self._paused else "playing"

    @property
    def position_s(self) -> float:
        """What is heard now, in the time of the whole sound; 0 when stopped."""
        reel, stream, device = self._reel, self._stream, self._device
        if reel is None or stream is None or device is None:
            return 0.0
        ahead_s = 0.0 if self._paused else max(0.0, stream.latency - self._drained / device.rate_hz)
        return max(reel.start_s, reel.position_s - ahead_s)

    @property
    def duration_s(self) -> float:
        """Length of the whole sound that is, or was last, played."""
        return self._duration_s

    @property
    def error(self) -> AudioError | None:
        """Why playing broke off by itself; None where it did not."""
        if self._error is None and self._lost:
            name = self._device.name if self._device else ""
            return DeviceError(f"The loudspeaker “{name}” went away. Plug it in again, or choose another one.",
                               "the PortAudio stream ended by itself")
        return self._error

    def _open(self, device: Device) -> None:
        if self._stream is not None and self._lost:
            self.close()
        if self._stream is not None:
            return
        audio = portaudio()
        counts = sorted({min(2, device.channels), 1}, reverse=True)
        self._stream = try_each(
            [lambda n=n: audio.open("OutputStream", device=device.index, channels=n,  # type: ignore[misc]
                                    samplerate=device.rate_hz, dtype="float32", latency=LATENCY_S,
                                    callback=self._wanted, finished_callback=self._finished)
             for n in counts], audio.errors,
            f"The loudspeaker “{device.name}” cannot be opened. It may be in use by another program.")
        audio.may_release(self)
        self._device = device
        self._lost = False
        self._drain = round((self._stream.latency + _DRAIN_S) * device.rate_hz)
        self._fade = np.linspace(1, 0, max(1, round(_FADE_S * device.rate_hz)), dtype=np.float32)

    def _run(self) -> None:
        """(Re)start the open stream."""
        stream, audio = self._stream, portaudio()
        try:
            self._asked_to_stop = True
            stream.abort(ignore_errors=True)
            self._ending = self._asked_to_stop = False
            self._gain = _gain(self.volume_db)
            stream.start()
        except audio.errors as error:
            self.close()
            name = self._device.name if self._device else self.name
            raise DeviceError(f"The loudspeaker “{name}” does not play. Choose another one, or check the sound "
                              "settings of the system.", str(error)) from error

    def _wanted(self, outdata: FloatArray, frames: int, _time: Any, _status: Any) -> None:
        """On PortAudio's thread. outdata: float32 (frames, channels) to be filled."""
        reel, cut, mono = self._reel, self._cut, self._mono[:frames]
        gain = 0.0 if self._paused else _gain(self.volume_db)
        if reel is None or (self._paused and self._gain == 0):
            outdata[:] = 0
            return
        if not reel.take(mono):
            self._drained += frames
        if cut is not None:
            n = min(frames, len(self._fade))
            tail = np.empty(n, dtype=np.float32)
            cut.take(tail)
            mono[:n] += tail * self._fade[:n]
            self._cut = None
        if gain != self._gain:  # no click when the volume moves or playing is held
            mono *= np.linspace(self._gain, gain, frames, dtype=np.float32)
        else:
            mono *= np.float32(gain)
        self._gain = gain
        np.clip(mono, -1, 1, out=mono)
        outdata[:] = mono[:, None]
        # The end comes a latency after the last sample: ALSA's PulseAudio plug-in throws away what is still on its way.
        if self._drained > self._drain:
            with self._lock:
                if self._reel is reel:  # no other sound was asked for meanwhile
                    self._reel, self._ending, self._error = None, True, reel.error
                    raise portaudio().stop_signal

    def _finished(self) -> None:
        """On PortAudio's thread, when the stream has ended for whatever reason."""
        if not self._ending and not self._asked_to_stop:
            self._lost = True


def _reel(sound: Audio | Path | str, rate_hz: int, start_s: float, end_s: float | None,
          loop: bool) -> tuple[Reel, float]:
    """The reel of a sound and the duration of all of it."""
    if isinstance(sound, Audio):
        stop = len(sound.samples) if end_s is None else round(end_s * sound.rate_hz)
        stretch = sound.samples[round(start_s * sound.rate_hz) : stop]
        return MemoryReel(resample(stretch, sound.rate_hz, rate_hz), rate_hz, start_s, loop), sound.duration_s
    path = Path(sound)
    duration_s = files.info(path).duration_s
    length_s = (duration_s if end_s is None else end_s) - start_s
    if length_s > LONG_S:
        return FileReel(path, rate_hz, start_s, end_s, loop), duration_s
    audio = files.read(path, rate_hz, start_s, None if end_s is None else length_s)
    return MemoryReel(audio.samples, rate_hz, start_s, loop), duration_s


def _gain(decibels: float) -> float:
    return float(10 ** (decibels / 20))
