"""Real PortAudio streams through a virtual microphone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.audio import devices
from engine.audio.microphone import Microphone
from engine.audio.playback import Player
from engine.audio.resample import resample
from engine.errors import DecodeError, DeviceError
from engine.records import Audio, FloatArray
from tests.virtual_microphone import VirtualMicrophone

pytestmark = pytest.mark.virtual_mic


def wait_until(true: Callable[[], bool], timeout_s: float = 8) -> bool:
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.02)
    return False


def noise(seconds: float, rate_hz: int = 48000, seed: int = 1) -> FloatArray:
    """Band-limited noise that rises and falls: it looks like nothing else, shifted or not."""
    made = np.random.default_rng(seed).standard_normal(round(seconds * 12000)) * 0.15
    made *= np.abs(np.sin(np.arange(len(made)) / 1500)) + 0.1
    return resample(made.astype(np.float32), 12000, rate_hz)


def likeness(recorded: FloatArray, played: FloatArray) -> tuple[float, float]:
    """Correlation at the best shift (to an eighth of a sample, as the server resamples), and the gain there."""
    recorded, played = resample(recorded, 1, 4), resample(played, 1, 4)
    size = 1 << int(np.ceil(np.log2(len(recorded) + len(played))))
    cross = np.fft.irfft(np.fft.rfft(recorded, size) * np.conj(np.fft.rfft(played, size)))
    shift = int(np.argmax(cross[: max(1, len(recorded) - len(played) + 1)]))
    heard = recorded[shift : shift + len(played)]
    played = played[: len(heard)]
    return (float(np.corrcoef(heard, played)[0, 1]), float(np.dot(heard, played) / np.dot(played, played)))


@pytest.fixture
def microphone(virtual_mic: VirtualMicrophone) -> Iterator[Microphone]:
    opened = Microphone()
    opened.start()
    yield opened
    opened.close()


@pytest.fixture
def player(virtual_mic: VirtualMicrophone) -> Iterator[Player]:
    made = Player(volume_db=0)
    yield made
    made.close()


def record(microphone: Microphone, until: Callable[[], bool], timeout_s: float = 8) -> FloatArray:
    parts = []
    end = time.monotonic() + timeout_s
    while not until() and time.monotonic() < end:
        time.sleep(0.03)
        parts.append(microphone.read())
    time.sleep(0.4)
    parts.append(microphone.read())
    return np.concatenate(parts)


def test_the_virtual_microphone_is_listed_first_as_default(virtual_mic: VirtualMicrophone) -> None:
    found = devices.inputs(rescan=True)
    assert found[0].default and found[0].channels >= 1 and found[0].rate_hz > 0
    assert {device.name for device in found} & {"default", "pulse"}
    assert devices.outputs()[0].default


def test_what_is_played_is_what_is_recorded(virtual_mic: VirtualMicrophone, microphone: Microphone,
                                            tmp_path: Path) -> None:
    played = noise(2)
    soundfile.write(tmp_path / "noise.wav", played, 48000)
    running = virtual_mic.play(tmp_path / "noise.wav")
    heard = record(microphone, lambda: running.poll() is not None)
    correlation, gain = likeness(heard, resample(played, 48000, microphone.rate_hz))
    assert correlation > 0.99
    assert gain == pytest.approx(1, abs=0.05)
    assert microphone.overflows == 0 and not microphone.lost and microphone.error is None


def test_a_reader_that_is_late_loses_sound_and_is_told(virtual_mic: VirtualMicrophone) -> None:
    late = Microphone(ring_s=0.2)
    late.start()
    try:
        assert wait_until(lambda: late.overflows > 0)
        assert len(late.read()) == round(0.2 * late.rate_hz)
    finally:
        late.close()


def test_a_microphone_that_goes_away_is_lost_and_what_was_heard_is_kept(
        virtual_mic: VirtualMicrophone, microphone: Microphone) -> None:
    assert wait_until(lambda: len(microphone._ring) > 0)
    virtual_mic.stop_server()
    assert wait_until(lambda: microphone.lost)
    assert microphone.error is not None and "went away" in str(microphone.error)
    assert len(microphone.read()) > 0
    microphone.close()
    assert not microphone.lost, "closed by us is not lost"


def test_a_microphone_that_is_plugged_in_again_is_found_and_works(virtual_mic: VirtualMicrophone) -> None:
    virtual_mic.stop_server()
    assert wait_until(lambda: devices.inputs(rescan=True) == [] or not _opens())
    virtual_mic.start_server()
    assert devices.inputs(rescan=True)
    again = Microphone()
    again.start()
    try:
        assert wait_until(lambda: len(again.read()) > 0)
    finally:
        again.close()


def _opens() -> bool:
    try:
        tried = Microphone()
        tried.start()
    except DeviceError as error:
        assert error.detail
        return False
    tried.close()
    return True


def test_a_rescan_leaves_an_open_stream_alone(microphone: Microphone) -> None:
    assert devices.portaudio().rescan() is False
    assert wait_until(lambda: len(microphone.read()) > 0)
    assert not microphone.lost


def test_a_microphone_of_an_unknown_name_says_which_there_are(virtual_mic: VirtualMicrophone) -> None:
    with pytest.raises(DeviceError, match="“Nowhere” is not there") as caught:
        Microphone("Nowhere")
    assert "default" in caught.value.detail or "pulse" in caught.value.detail


def test_the_player_plays_what_it_is_given_at_its_volume(microphone: Microphone, player: Player) -> None:
    player.volume_db = -6
    sound = Audio(noise(1.5, 16000), 16000)
    player.play(sound)
    assert player.state == "playing" and player.duration_s == 1.5
    heard = record(microphone, lambda: player.state == "stopped")
    correlation, gain = likeness(heard, resample(sound.samples, 16000, microphone.rate_hz))
    assert correlation > 0.99
    assert gain == pytest.approx(10 ** (-6 / 20), rel=0.05)
    assert player.error is None


def test_the_player_plays_a_stretch_of_a_file_and_tells_the_position(
        microphone: Microphone, player: Player, tmp_path: Path) -> None:
    whole = noise(4)
    soundfile.write(tmp_path / "long.flac", whole, 48000)
    player.play(tmp_path / "long.flac", start_s=1.5, end_s=2.7)
    positions = []
    parts = []
    while player.state == "playing":
        positions.append(player.position_s)
        parts.append(microphone.read())
        time.sleep(0.03)
    parts.append(record(microphone, lambda: True))
    heard = np.concatenate(parts)
    correlation, _ = likeness(heard, resample(whole[72000:129600], 48000, microphone.rate_hz))
    assert correlation > 0.99
    beyond, _ = likeness(heard, resample(whole[134400:180000], 48000, microphone.rate_hz))
    assert beyond < 0.3
    assert positions == sorted(positions) and positions[0] >= 1.5 and 2.2 < positions[-1] <= 2.7
    assert player.duration_s == pytest.approx(4) and player.position_s == 0


def test_another_sound_cuts_the_first_one(microphone: Microphone, player: Player) -> None:
    first, second = noise(5, seed=2), noise(1, seed=3)
    player.play(Audio(first, 48000))
    time.sleep(0.4)
    player.play(Audio(second, 48000))
    heard = record(microphone, lambda: player.state == "stopped")
    assert likeness(heard, resample(second, 48000, microphone.rate_hz))[0] > 0.99
    assert likeness(heard, resample(first[96000:], 48000, microphone.rate_hz))[0] < 0.3


def test_pause_holds_and_resume_goes_on_from_there(player: Player) -> None:
    player.play(Audio(noise(1.5), 48000))
    assert wait_until(lambda: player.position_s > 0.3)
    player.pause()
    time.sleep(0.15)
    assert player.state == "paused"
    held = player.position_s
    time.sleep(0.3)
    assert player.position_s == held > 0.3
    player.resume()
    assert player.state == "playing"
    assert wait_until(lambda: player.position_s > held + 0.3)
    assert wait_until(lambda: player.state == "stopped")


def test_a_loop_goes_round_until_stopped(microphone: Microphone, player: Player) -> None:
    piece = noise(0.5, seed=4)
    player.play(Audio(piece, 48000), loop=True)
    time.sleep(1.4)
    assert player.state == "playing" and player.position_s <= 0.5
    player.stop()
    assert player.state == "stopped"
    heard = microphone.read()
    assert likeness(heard, resample(np.tile(piece, 2), 48000, microphone.rate_hz))[0] > 0.98


def test_a_long_file_plays_while_it_is_decoded(microphone: Microphone, player: Player, tmp_path: Path,
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.audio.playback.LONG_S", 1.0)
    whole = noise(3, 44100, seed=5)
    soundfile.write(tmp_path / "long.flac", whole, 44100)
    player.play(tmp_path / "long.flac", start_s=0.5)
    heard = record(microphone, lambda: player.state == "stopped")
    assert likeness(heard, resample(whole[22050:], 44100, microphone.rate_hz))[0] > 0.99


def test_a_file_that_cannot_be_decoded_leaves_what_is_playing(player: Player, tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("no sound")
    player.play(Audio(noise(1), 48000))
    with pytest.raises(DecodeError):
        player.play(tmp_path / "text.wav")
    assert player.state == "playing"


def test_a_loudspeaker_that_goes_away_stops_the_player_and_it_plays_again_later(
        virtual_mic: VirtualMicrophone, player: Player) -> None:
    player.play(Audio(noise(8), 48000))
    assert wait_until(lambda: player.position_s > 0.1)
    virtual_mic.stop_server()
    assert wait_until(lambda: player.error is not None)
    assert player.state == "stopped" and isinstance(player.error, DeviceError)
    virtual_mic.start_server()
    player.play(Audio(noise(0.5), 48000))
    assert player.error is None
    assert wait_until(lambda: player.position_s > 0.1)


def test_an_idle_player_makes_way_for_a_rescan(player: Player) -> None:
    player.play(Audio(noise(0.2), 48000))
    assert devices.portaudio().rescan() is False
    assert wait_until(lambda: player.state == "stopped")
    assert devices.portaudio().rescan() is True
    player.play(Audio(noise(0.2), 48000))
    assert wait_until(lambda: player.state == "stopped")
