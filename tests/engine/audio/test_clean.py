"""What voices are heard through: offsets and rumble go, and all are as loud."""

from __future__ import annotations

import numpy as np
import pytest

from engine.audio.clean import LEVEL_DBFS, MOST_DB, HighPass, cleaned, leveled, loud_dbfs
from engine.audio.levels import level_dbfs
from engine.records import Audio, FloatArray
from tests.true_models import spoken

RATES = [8_000, 16_000, 44_100, 48_000]


def tone(hz: float, rate_hz: int, seconds: float = 2.0) -> FloatArray:
    return (0.1 * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate_hz)) / rate_hz)).astype(np.float32)


@pytest.mark.parametrize("rate_hz", RATES)
def test_rumble_goes_and_voices_stay(rate_hz: int) -> None:
    def left_db(hz: float) -> float:
        wave = tone(hz, rate_hz)
        return level_dbfs(HighPass(rate_hz).push(wave)[rate_hz:]) - level_dbfs(wave[rate_hz:])

    assert left_db(10) < -50 and left_db(25) < -20
    assert left_db(80) > -0.3 and abs(left_db(200)) < 0.02 and abs(left_db(3_000)) < 0.01


@pytest.mark.parametrize("rate_hz", RATES)
@pytest.mark.parametrize("offset", [-0.5, 0.02, 0.3, 3.0])
def test_an_offset_goes_without_a_click(rate_hz: int, offset: float) -> None:
    constant = HighPass(rate_hz).push(np.full(rate_hz, offset, np.float32))
    assert np.max(np.abs(constant)) < 1e-6
    wave = tone(200, rate_hz)
    found = HighPass(rate_hz).push(wave + np.float32(offset))
    assert np.max(np.abs(found - HighPass(rate_hz).push(wave))) < 1e-5 * max(1, abs(offset))


@pytest.mark.parametrize("block", [1, 333, 4_096, 50_000])
def test_blocks_are_the_whole(block: int) -> None:
    wave = spoken(1).samples[:20_000] + np.float32(0.1)
    stream = HighPass(16_000)
    found = np.concatenate([stream.push(wave[at : at + block]) for at in range(0, len(wave), block)])
    assert np.array_equal(found, HighPass(16_000).push(wave))


def test_what_is_given_is_not_changed_and_nothing_stays_nothing() -> None:
    wave = spoken(1).samples.copy()
    cleaned(Audio(wave, 16_000))
    assert np.array_equal(wave, spoken(1).samples)
    for samples in (np.zeros(0, np.float32), np.zeros(5, np.float32), np.zeros(16_000, np.float32)):
        found = cleaned(Audio(samples, 16_000))
        assert (found.gain_db, found.audio.samples.tolist()) == (0.0, samples.tolist())
    constant = cleaned(Audio(np.full(9_000, 0.4, np.float32), 16_000)).audio.samples
    assert np.max(np.abs(constant)) < 1e-6


@pytest.mark.parametrize("level_dbfs", [-100, -75, -50, -25, -20, 0, 20])
def test_every_recording_is_brought_to_one_level(level_dbfs: float) -> None:
    own = loud_dbfs(spoken(1))
    assert own is not None
    found = leveled(Audio(spoken(1).samples * np.float32(10 ** ((level_dbfs - own) / 20)), 16_000))
    expected = min(LEVEL_DBFS, level_dbfs + MOST_DB)
    assert loud_dbfs(found.audio) == pytest.approx(expected, abs=0.01)
    assert found.gain_db == pytest.approx(expected - level_dbfs, abs=0.01)


def test_a_door_that_slams_does_not_make_speech_quiet() -> None:
    wave = spoken(1).samples.copy()
    own = loud_dbfs(Audio(wave, 16_000))
    wave[20_000:22_000] += np.float32(5) * np.random.default_rng(0).standard_normal(2_000).astype(np.float32)
    assert loud_dbfs(Audio(wave, 16_000)) == pytest.approx(own, abs=3)
