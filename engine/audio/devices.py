"""The sound devices of this machine, through PortAudio.

PortAudio lists devices once, when it is initialised, and does not notice those that appear later. Initialising it again
ends every open stream, so it is done only while there is none: streams are opened through `portaudio()`, which counts.
"""

from __future__ import annotations

import atexit
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal
from weakref import WeakSet

from engine.audio.sound_server import default_title
from engine.errors import DeviceError

Direction = Literal["input", "output"]

CLOSE_S = 3.0  # how long closing a stream may take

_BROKEN = "The sound system does not start. Check the sound settings of the system (on Linux: ALSA's configuration)."


STAND_INS = {"default": "Default", "sysdefault": "Default", "pulse": "PulseAudio", "pipewire": "PipeWire",
             "Microsoft Sound Mapper - Input": "Default", "Microsoft Sound Mapper - Output": "Default",
             "Primary Sound Capture Driver": "Default", "Primary Sound Driver": "Default"}
"""Names of what is no device, but stands for the one that the system or a sound server has chosen → first word of its title."""
_SERVERS = {"pulse", "pipewire"}  # where one of these is listed, “default” goes through that server


log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Device:
    """A sound device. name: PortAudio's, by which it is found again; index: PortAudio's, until the next rescan; rate_hz: native;
    channels: of this direction. behind: what a stand-in such as “default” stands for, "" where that is not known."""

    name: str
    index: int
    rate_hz: int
    channels: int
    default: bool
    host: str  # ALSA, Core Audio, WASAPI …
    behind: str = ""

    @property
    def title(self) -> str:
        """What to call it on a screen."""
        before = STAND_INS.get(self.name)
        if before is None:
            return self.name
        if self.behind:
            return f"{before} – {self.behind}"
        return "System default" if before == "Default" else before


def inputs(rescan: bool = False) -> list[Device]:
    """Microphones, the default one first; [] where there is none. Raises DeviceError where PortAudio is missing.

    rescan: look again for devices that came or went. While a stream is open the list stays as it was.
    """
    return _with_titles(portaudio().devices("input", rescan), "input")


def outputs(rescan: bool = False) -> list[Device]:
    """Loudspeakers, like `inputs`."""
    return _with_titles(portaudio().devices("output", rescan), "output")


def _with_titles(found: list[Device], direction: Direction) -> list[Device]:
    """Say what stands behind the stand-ins: the sound server knows, where one is listed."""
    if not _SERVERS & {device.name for device in found}:
        return found
    behind = default_title(direction)
    asked = _SERVERS | {"default"}  # “sysdefault” goes past the server
    return [replace(device, behind=behind) if device.name in asked else device for device in found]


def find(direction: Direction, name: str = "") -> Device:
    """The device of this name, or the default one for "". Looks again once. Raises DeviceError."""
    for rescan in (False, True):
        listed = portaudio().devices(direction, rescan)
        for device in listed:
            if not name or device.name == name:
                return device
    what = "microphone" if direction == "input" else "loudspeaker"
    if not listed:
        raise DeviceError(f"No {what} was found. Plug one in, or check the sound settings of the system.",
                          portaudio().why_none(direction))
    raise DeviceError(f"The {what} “{name}” is not there. Plug it in, or choose another one.",
                      "found: " + ", ".join(device.name for device in listed))


@cache
def portaudio() -> PortAudio:
    """The one PortAudio of this process (the library itself is process-wide). Raises DeviceError."""
    return PortAudio()


class PortAudio:
    """Counts the open streams and rescans between them. Thread-safe.

    PortAudio's own list of streams has no lock, so what changes or reads it goes through `_calls`, one call at a time. It is
    taken inside `_lock`, never the other way round, and nobody waits for it longer than CLOSE_S: a close may hang.
    """

    def __init__(self) -> None:
        self._sd = _sounddevice()
        self._lock = threading.RLock()
        self._calls = threading.Lock()
        self._open: set[int] = set()
        self._idle: WeakSet[Any] = WeakSet()

    def devices(self, direction: Direction, rescan: bool) -> list[Device]:
        """All devices of this direction, the default one first."""
        with self._lock:
            if rescan:
                self.rescan()
            if not self._sd._initialized:  # an earlier rescan failed
                self.rescan()
            with self._alone():
                hosts = self._sd.query_hostapis()
                default = self._default(direction)
                found = [
                    Device(str(entry["name"]), int(entry["index"]), round(entry["default_samplerate"]),
                           int(entry[f"max_{direction}_channels"]), entry["index"] == default,
                           str(hosts[entry["hostapi"]]["name"]))
                    for entry in self._sd.query_devices() if entry[f"max_{direction}_channels"] > 0
                ]
        return sorted(found, key=lambda device: not device.default)

    def rescan(self) -> bool:
        """Let PortAudio look for devices again; False (and nothing done) while a stream is in use."""
        with self._lock:
            for owner in list(self._idle):
                owner.let_go()
            if self._open:
                return False
            try:
                with self._alone():
                    if self._sd._initialized:
                        self._sd._terminate()
                    self._sd._initialize()
            except self._sd.PortAudioError as error:
                raise DeviceError(_BROKEN, str(error)) from error
            return True

    def open(self, kind: Literal["InputStream", "OutputStream"], **settings: Any) -> Any:
        """Open a sounddevice stream (not started). Raises sounddevice.PortAudioError or ValueError."""
        with self._lock:
            with self._alone():
                stream = getattr(self._sd, kind)(**settings)
            self._open.add(id(stream))
            return stream

    def close(self, stream: Any) -> None:
        """Close a stream of `open`, also one that broke.

        One whose sound server went away may never close (ALSA's pulse plugin locks itself out then). It is left alone after
        CLOSE_S, and counts as open, so that nothing waits for it again: no rescan, and not the end of the program.
        """
        closed = threading.Event()
        done = self._begin()

        def work() -> None:
            try:
                stream.close(ignore_errors=True)
            finally:
                self._open.discard(id(stream))  # without `_lock`: who rescans holds it and waits for this
                done()
                closed.set()

        threading.Thread(target=work, name="closing-stream", daemon=True).start()
        if not closed.wait(CLOSE_S):
            self._calls = threading.Lock()  # it keeps the old one
            log.warning("a sound stream does not close and is left alone")
            atexit.unregister(self._sd._exit_handler)  # it would close all streams

    def may_release(self, owner: Any) -> None:
        """Register an owner of a stream whose `let_go()` closes it if it is not in use; asked before a rescan."""
        self._idle.add(owner)

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What sounddevice raises when a device does not work."""
        return (self._sd.PortAudioError, ValueError, OSError)

    @property
    def stop_signal(self) -> type[Exception]:
        """To be raised in a callback after its last block."""
        return self._sd.CallbackStop  # type: ignore[no-any-return]

    def why_none(self, direction: Direction) -> str:
        """PortAudio's own words about a missing default device."""
        try:
            self._sd.query_devices(kind=direction)
        except self._sd.PortAudioError as error:
            return str(error)
        return ""

    def _begin(self) -> Callable[[], None]:
        """Wait until no other call is in PortAudio, CLOSE_S at the most. Returns what any thread calls when ours is over."""
        calls = self._calls
        return calls.release if calls.acquire(timeout=CLOSE_S) else lambda: None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        done = self._begin()
        try:
            yield
        finally:
            done()

    def _default(self, direction: Direction) -> int:
        try:
            return int(self._sd.query_devices(kind=direction)["index"])
        except self._sd.PortAudioError:
            return -1


def _sounddevice() -> Any:
    """The sounddevice module, which initialises PortAudio when it is imported. Raises DeviceError."""
    try:
        import sounddevice
    except OSError as error:
        raise DeviceError("Sound devices cannot be used because the PortAudio library is missing. "
                          "On Debian and Ubuntu: sudo apt install libportaudio2", str(error)) from error
    except Exception as error:  # its PortAudioError, which nobody can import from an import that failed
        if type(error).__name__ != "PortAudioError":
            raise
        raise DeviceError(_BROKEN, str(error)) from error
    return sounddevice


def try_each(attempts: list[Callable[[], Any]], errors: tuple[type[Exception], ...], sentence: str) -> Any:
    """The first attempt that works; DeviceError with the last one's words where none does."""
    for attempt in attempts[:-1]:
        try:
            return attempt()
        except errors:
            continue
    try:
        return attempts[-1]()
    except errors as error:
        raise DeviceError(sentence, str(error)) from error
