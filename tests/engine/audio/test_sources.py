"""Sources and devices where there is no sound system, and files that play the part of a microphone."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from engine.audio import devices, files, microphone
from engine.audio.microphone import FileSource, Microphone, Source
from engine.audio.playback import Player
from engine.audio.reels import FileReel, MemoryReel
from engine.errors import DecodeError, DeviceError
from engine.records import Audio, FloatArray

REPOSITORY = Path(__file__).parents[3]


class NoDevices:
    """sounddevice on a machine without any."""

    class PortAudioError(Exception):
        """As sounddevice has it."""

    _initialized = 1

    def query_hostapis(self) -> tuple[()]:
        return ()

    def query_devices(self, kind: str | None = None) -> tuple[()]:
        if kind is not None:
            raise self.PortAudioError("Error querying device -1")
        return ()

    def _terminate(self) -> None:
        self._initialized -= 1

    def _initialize(self) -> None:
        self._initialized += 1


@pytest.fixture
def no_devices(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(devices, "_sounddevice", NoDevices)
    devices.portaudio.cache_clear()
    yield
    devices.portaudio.cache_clear()


def test_no_microphone(no_devices: None) -> None:
    assert devices.inputs() == devices.inputs(rescan=True) == []
    with pytest.raises(DeviceError, match="No microphone was found") as caught:
        Microphone()
    assert caught.value.detail == "Error querying device -1"


def test_no_loudspeaker(no_devices: None) -> None:
    player = Player()
    assert devices.outputs() == [] and player.state == "stopped" and player.position_s == 0
    with pytest.raises(DeviceError, match="No loudspeaker was found"):
        player.play(Audio(np.zeros(10, dtype=np.float32), 16000))
    assert player.state == "stopped"
    player.close()


def _in_python(code: str, **environment: str) -> str:
    import os

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY,
                          env={**os.environ, **environment})
    return done.stdout


_TELL = """
from engine.audio import devices
from engine.errors import DeviceError
for _ in range(2):
    try:
        print(devices.inputs(rescan=True))
    except DeviceError as error:
        print(error, "|", error.detail)
"""


def test_without_the_portaudio_library_it_says_what_to_install() -> None:
    said = _in_python("import ctypes.util; ctypes.util.find_library = lambda name: None\n" + _TELL)
    assert said.count("sudo apt install libportaudio2 | PortAudio library not found") == 2


@pytest.mark.skipif(sys.platform != "linux", reason="ALSA")
@pytest.mark.virtual_mic
def test_a_broken_sound_configuration_is_told(tmp_path: Path) -> None:
    (tmp_path / "asound.conf").write_text("garbage {\n")
    said = _in_python(_TELL, ALSA_CONFIG_PATH=str(tmp_path / "asound.conf"))
    assert said.count("The sound system does not start.") == 2 and "Error initializing PortAudio" in said


def test_importing_the_audio_modules_imports_nothing_heavy() -> None:
    said = _in_python("import sys; from engine.audio import devices, features, files, levels, microphone, playback, "
                      "resample, ring, speech; print(sorted({'torch', 'torchaudio', 'sounddevice', 'silero_vad', "
                      "'scipy'} & set(sys.modules)))")
    assert said.strip() == "[]"


# --- a file as a source -----------------------------------------------------------------------------------------------


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    ramp = np.linspace(-0.5, 0.5, 22050 + 17, dtype=np.float32)
    soundfile.write(tmp_path / "ramp.wav", ramp, 22050, subtype="FLOAT")
    return tmp_path / "ramp.wav"


def drained(source: Source) -> FloatArray:
    parts = []
    while not source.ended:
        parts.append(source.read())
    return np.concatenate(parts)


def test_an_unpaced_file_gives_all_of_itself_in_tenths_of_a_second(recording: Path) -> None:
    source = FileSource(recording, pace=0)
    assert len(source.read()) == 0, "not started"
    source.start()
    first = source.read()
    assert len(first) == 2205 and source.rate_hz == 22050
    assert np.array_equal(np.concatenate([first, drained(source)]), files.read(recording).samples)
    assert not source.lost and source.overflows == 0 and source.error is None
    assert len(source.read()) == 0


def test_a_paced_file_takes_its_time(recording: Path) -> None:
    source = FileSource(recording, pace=4)
    source.start()
    began = time.monotonic()
    parts = []
    while not source.ended:
        parts.append(source.read())
        time.sleep(0.01)
    assert np.array_equal(np.concatenate(parts), files.read(recording).samples)
    assert 0.2 < time.monotonic() - began < 2


def test_a_file_source_that_is_cut_off_says_so(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 64000)
    soundfile.write(tmp_path / "a.flac", noise, 16000)
    whole = (tmp_path / "a.flac").read_bytes()
    (tmp_path / "a.flac").write_bytes(whole[: len(whole) // 2])
    source = FileSource(tmp_path / "a.flac", pace=0)
    source.start()
    with pytest.raises(DecodeError, match=r"of 4\.00 seconds"):
        drained(source)


def test_a_closed_source_is_silent(recording: Path) -> None:
    source = FileSource(recording, pace=0)
    source.start()
    source.close()
    source.close()
    assert len(source.read()) == 0


# --- what a player plays from -----------------------------------------------------------------------------------------


def taken(reel: Any, block: int, at_most: int) -> FloatArray:
    parts, out = [], np.empty(block, dtype=np.float32)
    for _ in range(at_most):
        more = reel.take(out)
        parts.append(out.copy())
        if not more:
            break
    return np.concatenate(parts)


def test_sound_in_memory_plays_once_or_round_and_round() -> None:
    samples = np.arange(1, 6, dtype=np.float32)
    once = MemoryReel(samples, 10, 2.0, loop=False)
    assert taken(once, 3, 10).tolist() == [1, 2, 3, 4, 5, 0] and once.position_s == 2.5
    assert taken(MemoryReel(samples, 10, 0, loop=True), 7, 2).tolist() == [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2, 3, 4]
    assert taken(MemoryReel(samples[:0], 10, 0, loop=True), 2, 3).tolist() == [0, 0]


def test_a_file_reel_decodes_ahead_and_loops(recording: Path) -> None:
    samples = files.read(recording, start_s=0.25, duration_s=0.5).samples
    reel = FileReel(recording, 22050, 0.25, 0.75, loop=True)
    try:
        out, parts = np.empty(441, dtype=np.float32), []
        while sum(map(len, parts)) < 3 * len(samples):
            while reel._blocks.empty() and reel._used == len(reel._block):
                time.sleep(0.001)  # as a loudspeaker, which takes its time
            reel.take(out)
            parts.append(out.copy())
            assert 0.25 <= reel.position_s <= 0.7501
        heard = np.concatenate(parts)
        heard = heard[heard != 0][: 2 * len(samples)]
        assert np.array_equal(heard, np.tile(samples[samples != 0], 3)[: len(heard)])
    finally:
        reel.close()
    assert not reel._thread.is_alive()


def test_a_file_reel_that_breaks_off_says_why(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 64000)
    soundfile.write(tmp_path / "a.flac", noise, 16000)
    whole = (tmp_path / "a.flac").read_bytes()
    (tmp_path / "a.flac").write_bytes(whole[: len(whole) // 2])
    reel = FileReel(tmp_path / "a.flac", 16000, 0, None, loop=False)
    reel._thread.join(timeout=5)
    taken(reel, 1600, 100)
    assert isinstance(reel.error, DecodeError)
    reel.close()


class OneMicrophone(NoDevices):
    """sounddevice on a machine with one microphone, whose streams are `Stuck`."""

    def __init__(self) -> None:
        self.streams: list[Stuck] = []
        self.rescans = 0

    def query_hostapis(self) -> tuple[dict[str, str], ...]:
        return ({"name": "ALSA"},)

    def query_devices(self, kind: str | None = None) -> Any:
        entry = {"name": "Webcam", "index": 0, "default_samplerate": 16_000.0, "max_input_channels": 1, "max_output_channels": 0,
                 "hostapi": 0}
        return entry if kind is not None else (entry,)

    def InputStream(self, **settings: Any) -> Stuck:
        self.streams.append(Stuck(settings["callback"]))
        return self.streams[-1]

    def _initialize(self) -> None:
        self.rescans += 1
        super()._initialize()

    def _exit_handler(self) -> None:
        """Would wait for every stream."""


class Stuck:
    """A stream whose sound server went away: it says it is active, gives nothing, and never closes."""

    active = True

    def __init__(self, callback: Any) -> None:
        self.callback = callback
        self.go_on = threading.Event()

    def start(self) -> None:
        self.callback(np.zeros((160, 1), np.float32), 160, None, None)

    def close(self, ignore_errors: bool) -> None:
        self.go_on.wait(30)


@pytest.fixture
def stuck(monkeypatch: pytest.MonkeyPatch) -> Iterator[OneMicrophone]:
    made = OneMicrophone()
    monkeypatch.setattr(devices, "_sounddevice", lambda: made)
    devices.portaudio.cache_clear()
    yield made
    for stream in made.streams:
        stream.go_on.set()
    devices.portaudio.cache_clear()


def test_a_microphone_that_gives_nothing_any_more_is_gone(stuck: OneMicrophone, monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence is sound, too: only when no block comes at all is it lost."""
    now = [100.0]
    monkeypatch.setattr(microphone.time, "monotonic", lambda: now[0])
    source = Microphone()
    source.start()
    now[0] += microphone.SILENT_S - 0.1
    assert not source.lost
    stuck.streams[0].callback(np.zeros((160, 1), np.float32), 160, None, None)
    now[0] += microphone.SILENT_S - 0.1
    assert not source.lost and source.error is None
    now[0] += 0.2
    assert source.lost and "went away" in str(source.error)


def test_a_stream_that_never_closes_does_not_keep_the_next_one_from_opening(stuck: OneMicrophone,
                                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "CLOSE_S", 0.2)
    source = Microphone()
    source.start()
    began = time.monotonic()
    source.close()
    assert time.monotonic() - began < 2
    assert devices.portaudio().rescan() is False and stuck.rescans == 0  # PortAudio would wait for it
    again = Microphone()
    again.start()
    assert len(again.read()) == 160
    for stream in stuck.streams:
        stream.go_on.set()
    again.close()
    until = time.monotonic() + 5
    while not devices.portaudio().rescan():
        assert time.monotonic() < until
        time.sleep(0.02)
    assert stuck.rescans == 1


def test_a_microphone_that_takes_long_to_open_is_not_lost(stuck: OneMicrophone, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]

    def slowly(stream: Stuck) -> None:
        now[0] += microphone.SILENT_S + 1

    monkeypatch.setattr(microphone.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(Stuck, "start", slowly)
    source = Microphone()
    source.start()
    assert not source.lost
    now[0] += microphone.SILENT_S + 0.1
    assert source.lost


def test_no_stream_opens_while_another_one_closes(stuck: OneMicrophone, monkeypatch: pytest.MonkeyPatch) -> None:
    """PortAudio's list of streams has no lock of its own."""
    closing, open_before = threading.Event(), stuck.InputStream
    meanwhile: list[bool] = []

    def close(stream: Stuck, ignore_errors: bool) -> None:
        closing.set()
        time.sleep(0.3)
        closing.clear()

    def opened(**settings: Any) -> Stuck:
        meanwhile.append(closing.is_set())
        return open_before(**settings)

    first, second = Microphone(), Microphone()
    first.start()
    monkeypatch.setattr(Stuck, "close", close)
    monkeypatch.setattr(stuck, "InputStream", opened, raising=False)
    letting_go = threading.Thread(target=first.close)
    letting_go.start()
    assert closing.wait(5)
    second.start()
    letting_go.join(5)
    assert meanwhile == [False]
    second.close()


def test_only_the_first_waits_for_a_stream_that_never_closes(stuck: OneMicrophone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "CLOSE_S", 0.3)
    source, other = Microphone(), Microphone()
    source.start()
    source.close()
    began = time.monotonic()
    other.start()
    assert devices.inputs() and time.monotonic() - began < 0.2
