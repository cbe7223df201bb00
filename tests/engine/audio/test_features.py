"""Spectrograms show a tone where it is."""

from __future__ import annotations

import numpy as np
import pytest

from engine.audio.features import FLOOR_DB, Scale, SpectrogramStream, spectrogram_db
from engine.records import FloatArray


def tone(hz: float, rate_hz: int, seconds: float = 1.0) -> FloatArray:
    return np.sin(2 * np.pi * hz * np.arange(round(rate_hz * seconds)) / rate_hz).astype(np.float32)


def band_of(hz: float, scale: Scale, bands: int = 96, f_max: float = 8000) -> int:
    """The band whose centre is nearest."""
    def place(f: float) -> float:
        return float(np.log10(1 + f / 700)) if scale == "mel" else f

    return round(place(hz) / place(f_max) * (bands + 1)) - 1


@pytest.mark.parametrize("scale", ["mel", "linear"])
@pytest.mark.parametrize("rate_hz", [16000, 44100, 48000])
@pytest.mark.parametrize("hz", [200, 440, 3000, 7000])
def test_a_tone_is_the_loudest_band_and_reads_about_0_db(hz: float, rate_hz: int, scale: Scale) -> None:
    picture = spectrogram_db(tone(hz, rate_hz), rate_hz, scale)
    assert picture.shape == (96, 50) and picture.dtype == np.float32
    column = picture[:, 25]
    assert abs(int(column.argmax()) - band_of(hz, scale)) <= 1
    assert -5 < column.max() < 1
    assert np.sort(column)[48] < -60, "most bands are quiet"


def test_columns_stand_where_the_sound_is() -> None:
    x = np.zeros(16000, dtype=np.float32)
    x[8000] = 1
    loudness = spectrogram_db(x, 16000).max(axis=0)
    assert int(loudness.argmax()) == 25


def test_silence_and_nothing() -> None:
    assert (spectrogram_db(np.zeros(1600, dtype=np.float32), 16000) == FLOOR_DB).all()
    assert spectrogram_db(np.zeros(0, dtype=np.float32), 16000).shape == (96, 0)
    assert spectrogram_db(np.ones(1, dtype=np.float32), 16000).shape == (96, 1)


def test_bands_above_the_nyquist_frequency_are_empty() -> None:
    noise = np.random.default_rng(0).standard_normal(8000).astype(np.float32)
    picture = spectrogram_db(noise, 8000, "linear", f_max=8000)
    assert (picture[50:] == FLOOR_DB).all() and (picture[:45] > FLOOR_DB).all()


def test_blocks_give_the_same_picture() -> None:
    noise = np.random.default_rng(0).standard_normal(16123).astype(np.float32)
    stream = SpectrogramStream(16000)
    parts = [stream.push(noise[at : at + 700]) for at in range(0, len(noise), 700)]
    whole = spectrogram_db(noise, 16000)
    assert np.allclose(np.concatenate([*parts, stream.flush()], axis=1), whole, atol=1e-3)
