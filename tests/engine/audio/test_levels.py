"""Levels by hand-worked cases."""

from __future__ import annotations

import numpy as np
import pytest

from engine.audio.levels import CLIP_RUN, FLOOR_DBFS, PeaksBuilder, clips, envelope_peaks, level_dbfs, peak_dbfs
from engine.records import FloatArray


def floats(*values: float) -> FloatArray:
    return np.array(values, dtype=np.float32)


def test_levels_of_known_waves() -> None:
    sine = np.sin(2 * np.pi * np.arange(16000) / 160).astype(np.float32)
    assert level_dbfs(sine) == pytest.approx(-3.0103, abs=1e-3)
    assert peak_dbfs(sine) == pytest.approx(0, abs=1e-3)
    assert level_dbfs(np.sign(sine + 1e-9)) == pytest.approx(0, abs=1e-3)
    assert level_dbfs(sine / 10) == pytest.approx(-23.0103, abs=1e-3)
    assert peak_dbfs(floats(0.1, -0.5)) == pytest.approx(-6.0206, abs=1e-3)


@pytest.mark.parametrize("x", [floats(), floats(0, 0, 0), floats(1e-9)], ids=["nothing", "silence", "a whiff"])
def test_silence_reads_the_floor(x: FloatArray) -> None:
    assert level_dbfs(x) == FLOOR_DBFS and peak_dbfs(x) == FLOOR_DBFS


def test_flat_tops_are_clips_and_single_peaks_are_not() -> None:
    assert clips(floats()) == 0
    assert clips(floats(0.2, 1, 0.2, 1, 1, 0.2)) == 0
    assert clips(floats(0.2, *[1] * CLIP_RUN, 0.2)) == 1
    assert clips(floats(*[1] * 5, 0.9, *[-1] * 4, 0, *[0.9995] * 3)) == 3
    assert clips(floats(1, 1, -1, -1, 1, 1)) == 0, "a run has one sign"


def test_a_sine_driven_too_hard_clips_twice_a_period() -> None:
    x = np.clip(2 * np.sin(2 * np.pi * np.arange(16000) / 160), -1, 1).astype(np.float32)
    assert clips(x) == 200
    assert clips(0.5 * x) == 0


def test_envelope_is_the_maximum_of_each_stretch() -> None:
    assert envelope_peaks(floats(0, 1, -0.5, 0.25, 0, 0), 3).tolist() == [255, 128, 0]
    assert envelope_peaks(floats(), 4).tolist() == [0, 0, 0, 0]
    assert envelope_peaks(floats(2.0), 2).tolist() == [255, 255]
    assert envelope_peaks(floats(1e-4), 1).tolist() == [1], "sound never looks silent"


def test_fewer_samples_than_bins_fill_them_all() -> None:
    assert envelope_peaks(floats(1, 0.2), 6).tolist() == [255] * 3 + [51] * 3


@pytest.mark.parametrize(("n", "bins"), [(100_003, 200), (50, 200), (7, 3), (199, 200)])
def test_blocks_build_the_same_envelope(n: int, bins: int) -> None:
    x = (np.random.default_rng(0).standard_normal(n) * 0.3).astype(np.float32)
    builder = PeaksBuilder(n / 16000, 16000, bins)
    for at in range(0, n, 999):
        builder.push(x[at : at + 999])
    assert np.array_equal(builder.result(), envelope_peaks(x, bins))


def test_more_sound_than_was_promised_goes_into_the_last_bin() -> None:
    builder = PeaksBuilder(1, 10, 2).push(np.zeros(10, dtype=np.float32)).push(floats(1, 1, 1))
    assert builder.result().tolist() == [0, 255]
