"""A telephone's band is noticed, whatever carried it; nobody's full band is taken for one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy.signal import butter, resample_poly, sosfiltfilt

from engine.audio import files
from engine.audio.band import band_of
from engine.audio.clean import cleaned
from engine.records import Audio, FloatArray
from engine.voices.takes import net_speech
from tests.made_sounds import encode
from tests.true_models import models, spoken

RATE_HZ = 16_000


def band(audio: Audio) -> str:
    """As `judge` has it: of net speech, or of all where none was found."""
    clean = cleaned(audio).audio
    spans = models().speech().spans(clean)
    return band_of(net_speech(clean, spans) if spans else clean)


def line(low_hz: float, high_hz: float, order: int) -> Callable[[FloatArray, Path], Audio]:
    return lambda x, _: Audio(np.asarray(sosfiltfilt(butter(order, [low_hz, high_hz], "band", fs=RATE_HZ, output="sos"), x),
                                         np.float32), RATE_HZ)


def low(x: FloatArray) -> FloatArray:
    return np.asarray(resample_poly(x, 1, 2), np.float32)


def up(x: FloatArray, times: int, parts: int = 1) -> FloatArray:
    return np.asarray(resample_poly(x, times, parts), np.float32)


def wav(x: FloatArray, folder: Path, subtype: str) -> FloatArray:
    """As it comes out of a wav file of 8 kHz."""
    soundfile.write(folder / "a.wav", x, 8_000, subtype=subtype)
    return files.read(folder / "a.wav").samples


def film(x: FloatArray, folder: Path, name: str, container: str, codec: str, rate_hz: int) -> Audio:
    encode(folder / name, container, codec, x, rate_hz)
    return files.read(folder / name)


TELEPHONES: dict[str, Callable[[FloatArray, Path], Audio]] = {
    "300–3400 Hz": line(300, 3_400, 8), "300–3400 Hz, gentle": line(300, 3_400, 4), "200–3900 Hz": line(200, 3_900, 8),
    "8 kHz": lambda x, _: Audio(low(x), 8_000), "8 kHz and back": lambda x, _: Audio(up(low(x), 2), RATE_HZ),
    "at 44.1 kHz": lambda x, _: Audio(up(low(x), 441, 80), 44_100), "at 48 kHz": lambda x, _: Audio(up(low(x), 6), 48_000),
    "at 11.025 kHz": lambda x, _: Audio(up(low(x), 441, 320), 11_025),
    "a-law": lambda x, folder: Audio(up(wav(low(x), folder, "ALAW"), 2), RATE_HZ),
    "µ-law": lambda x, folder: Audio(up(wav(low(x), folder, "ULAW"), 6), 48_000),
    "GSM": lambda x, folder: Audio(up(wav(low(x), folder, "GSM610"), 2), RATE_HZ),
    "AMR": lambda x, folder: film(low(x), folder, "a.amr", "amr", "libopencore_amrnb", 8_000),
    "mp3 of it": lambda x, folder: film(up(low(x), 2), folder, "a.mp3", "mp3", "libmp3lame", RATE_HZ),
    "aac of it": lambda x, folder: film(up(low(x), 6), folder, "a.m4a", "ipod", "aac", 48_000),
    "quiet, 16 bit": lambda x, folder: Audio(np.rint(up(low(x), 2) * np.float32(0.05 * 32_768)) / np.float32(32_768), RATE_HZ)}
WHOLE: dict[str, Callable[[FloatArray, Path], Audio]] = {
    "as it is": lambda x, _: Audio(x, RATE_HZ), "at 48 kHz": lambda x, _: Audio(up(x, 3), 48_000),
    "up to 5.5 kHz": line(60, 5_500, 8), "mp3": lambda x, folder: film(x, folder, "a.mp3", "mp3", "libmp3lame", RATE_HZ),
    "mp3 at 48 kHz": lambda x, folder: film(up(x, 3), folder, "a.mp3", "mp3", "libmp3lame", 48_000),
    "opus": lambda x, folder: film(x, folder, "a.webm", "webm", "libopus", RATE_HZ),
    "offset and rumble": lambda x, _: Audio(x + np.float32(0.2), RATE_HZ),
    "loud": lambda x, _: Audio(x * np.float32(30), RATE_HZ), "quiet": lambda x, _: Audio(x * np.float32(0.01), RATE_HZ)}


@pytest.mark.shared_data
@pytest.mark.parametrize("kind", TELEPHONES)
def test_what_came_through_a_telephone_is_narrow(tmp_path: Path, shared_data: Path, kind: str) -> None:
    for one in readings(shared_data)[::25]:
        assert band(TELEPHONES[kind](one.samples, tmp_path)) == "narrow", kind


@pytest.mark.shared_data
@pytest.mark.parametrize("kind", WHOLE)
def test_what_did_not_is_full(tmp_path: Path, shared_data: Path, kind: str) -> None:
    for one in readings(shared_data)[::25]:
        assert band(WHOLE[kind](one.samples, tmp_path)) == "full", kind


@pytest.mark.shared_data
@pytest.mark.slow
def test_nobody_of_a_hundred_readings_is_taken_for_a_telephone(shared_data: Path) -> None:
    found = [band(one) for one in readings(shared_data)]
    assert len(found) >= 100 and set(found) == {"full"}


@pytest.mark.shared_data
def test_telephone_prompts_are_narrow_at_any_rate(shared_data: Path) -> None:
    for path in sorted((shared_data / "speech" / "asterisk-8k").rglob("*.flac"))[::20]:
        samples = files.read(path).samples
        assert band(Audio(samples, 8_000)) == band(Audio(up(samples, 2), RATE_HZ)) == "narrow", path.name


def test_whispering_is_full(tmp_path: Path) -> None:
    """Speech without a pitch: noise that is louder above, and swells."""
    rng = np.random.default_rng(0)
    wave = np.diff(rng.standard_normal(3 * RATE_HZ + 1)) * (1 + np.sin(np.arange(3 * RATE_HZ) / 900)) * 0.01
    assert band_of(Audio(wave.astype(np.float32), RATE_HZ)) == "full"
    assert band_of(line(300, 3_400, 8)(wave.astype(np.float32), tmp_path)) == "narrow"


@pytest.mark.parametrize("samples", [np.zeros(0, np.float32), np.zeros(10, np.float32), np.zeros(9_000, np.float32)])
def test_of_silence_the_rate_is_told(samples: FloatArray) -> None:
    assert band_of(Audio(samples, RATE_HZ)) == "full" and band_of(Audio(samples, 8_000)) == "narrow"


def test_made_voices() -> None:
    assert {band(spoken(voice)) for voice in range(4)} == {"full"}
    assert {band(line(300, 3_400, 8)(spoken(voice).samples, Path())) for voice in range(4)} == {"narrow"}


def readings(shared_data: Path) -> list[Audio]:
    return [files.read(path) for path in sorted((shared_data / "speech" / "librispeech-10x10").rglob("*.flac"))]
