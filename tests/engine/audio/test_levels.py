"""Levels by hand-worked cases."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.audio import files
from engine.audio.levels import CLIP_RUN, FLOOR_DBFS, PeaksBuilder, clips, envelope_peaks, level_dbfs, peak_dbfs
from engine.audio.resample import resample
from engine.records import FloatArray
from tests.true_models import spoken


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
    assert clips(np.float32(0.5) * x) == 200, "turned down, it stays cut off"


def made_voice() -> FloatArray:
    """Four seconds of a made voice with its peak at full scale."""
    samples = spoken(1).samples
    return np.asarray(samples / np.max(np.abs(samples)), np.float32)


def cut_off(x: FloatArray, share: float = 0.005) -> FloatArray:
    """Cut off where this share of the samples is above, and that at full scale."""
    top = np.percentile(np.abs(x), 100 * (1 - share))
    return np.asarray(np.clip(x / top, -1, 1), np.float32)


def through(path: Path, x: FloatArray, subtype: str | None = None) -> FloatArray:
    kind = {"format": "OGG", "subtype": "OPUS"} if path.suffix == ".opus" else {"subtype": subtype}
    soundfile.write(path, x, 16_000, **kind)
    return files.read(path).samples


@pytest.mark.parametrize(("name", "subtype"), [
    ("a.wav", "PCM_16"), ("a.wav", "PCM_24"), ("a.wav", "FLOAT"), ("a.flac", "PCM_16"), ("a.aiff", "PCM_16")])
@pytest.mark.parametrize(("gain_db", "offset"), [(0, 0.0), (-6, 0.0), (-20, 0.0), (-40, 0.0), (-6, 0.3), (-20, -0.5)])
def test_a_wave_that_was_cut_off_stays_so_and_a_whole_one_whole(
        tmp_path: Path, name: str, subtype: str, gain_db: float, offset: float) -> None:
    gain = np.float32(10 ** (gain_db / 20))
    expected = clips(cut_off(made_voice()))
    assert expected > 20
    found = clips(through(tmp_path / name, cut_off(made_voice()) * gain + np.float32(offset), subtype))
    assert found == pytest.approx(expected, rel=0.2)
    assert clips(through(tmp_path / name, made_voice() * gain + np.float32(offset), subtype)) == 0


@pytest.mark.parametrize("gain_db", [0.2, 1, 6, 12, 20, 40])
def test_floats_beyond_full_scale_are_not_cut_off_by_that(tmp_path: Path, gain_db: float) -> None:
    gain = np.float32(10 ** (gain_db / 20))
    assert clips(through(tmp_path / "a.wav", made_voice() * gain, "FLOAT")) == 0
    assert clips(through(tmp_path / "a.wav", cut_off(made_voice()) * gain, "FLOAT")) > 20


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("gain_db", [-1, -20, -40, -60, -70, -80, -90, -96])
def test_steps_of_a_converter_are_no_flat_tops(bits: int, gain_db: float) -> None:
    step, gain = 2.0 ** (1 - bits), 10 ** (gain_db / 20)
    rng, time_s = np.random.default_rng(0), np.arange(16_000) / 16_000
    for wave in (made_voice(), rng.uniform(-1, 1, 16_000), *(np.sin(2 * np.pi * hz * time_s) for hz in (31, 50, 123.4, 440))):
        assert clips(np.asarray(np.rint(wave * gain / step) * step, np.float32)) == 0


def test_what_is_flat_without_having_been_cut_off() -> None:
    quiet = np.zeros(4_000, np.float32)
    assert clips(quiet) == clips(quiet + np.float32(0.25)) == 0
    stretch = np.concatenate([made_voice()[:8_000] * np.float32(0.01), quiet + np.float32(0.004), quiet])
    assert clips(stretch) == 0, "a quiet flat stretch"
    square = np.sign(np.sin(2 * np.pi * 220 * np.arange(8_000) / 16_000)).astype(np.float32)
    assert clips(square * np.float32(0.3)) == 0, "a square wave is one"


@pytest.mark.parametrize("rate_hz", [16_000, 48_000])
@pytest.mark.parametrize("block", [160, 480, 1_024, 4_800])
def test_a_meter_that_sees_short_blocks_sees_the_same(rate_hz: int, block: int) -> None:
    def counted(x: FloatArray) -> int:
        y = resample(x, 16_000, rate_hz)
        return sum(clips(y[at : at + block]) for at in range(0, len(y), block))

    assert counted(np.asarray(np.rint(made_voice() * 16_000) / 32_768, np.float32)) == 0
    assert counted(np.concatenate([np.zeros(9_000, np.float32), np.rint(made_voice() * 30) / np.float32(32_768)])) == 0
    y = cut_off(resample(made_voice(), 16_000, rate_hz))
    assert sum(clips(y[at : at + block]) for at in range(0, len(y), block)) > 0.5 * clips(y)


@pytest.mark.parametrize("name", ["a.mp3", "a.ogg", "a.opus"])
def test_a_wave_that_was_cut_off_at_full_scale_and_coded_since(tmp_path: Path, name: str) -> None:
    """Its tops have ripples then, beyond full scale; those of a whole wave are of all heights."""
    assert clips(through(tmp_path / name, cut_off(made_voice(), 0.02))) > 5
    assert clips(through(tmp_path / name, made_voice())) == 0


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
