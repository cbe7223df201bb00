"""GE2E: what the front end computes, how speech is cut, and that the same speech gives the same vector."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.audio.resample import resample
from engine.encoders import voice
from engine.encoders.voice import GE2EEncoder, partial_starts
from engine.errors import ShapeError
from engine.records import Audio
from engine.weights import Weights
from tests.true_models import spoken

# The eight largest of the 256 numbers for `vowels()`: the encoder must not drift. That they are the right ones is for
# tests/benchmarks to show, which hold its vectors against the resemblyzer package's own.
GOLDEN = {61: 0.284533, 67: 0.234630, 163: 0.206866, 127: 0.201787, 213: 0.193742, 10: 0.184529, 62: 0.173616,
          138: 0.165973}


def vowels(seconds: float = 3.0) -> Audio:
    """A gliding vowel by a formula, so that what is stored here hangs on nothing else of the program."""
    time_s = np.arange(int(seconds * 16_000)) / 16_000
    pitch_hz = 130 * (1 + 0.05 * np.sin(2 * np.pi * 2.2 * time_s))
    phase = 2 * np.pi * np.cumsum(pitch_hz) / 16_000
    first_hz = 500 + 250 * np.sin(2 * np.pi * 1.3 * time_s)
    second_hz = 1500 + 600 * np.sin(2 * np.pi * 0.9 * time_s + 1)
    wave = np.zeros_like(time_s)
    for k in range(1, 28):
        gain = (1 / (1 + ((k * pitch_hz - first_hz) / 90) ** 2) + 0.5 / (1 + ((k * pitch_hz - second_hz) / 120) ** 2)
                + 0.2 / (1 + ((k * pitch_hz - 2600) / 180) ** 2))
        wave += gain * np.sin(k * phase)
    wave *= 0.5 + 0.5 * np.sin(2 * np.pi * 4 * time_s) ** 2
    return Audio((0.2 * wave / np.abs(wave).max()).astype(np.float32), 16_000)


def changed(audio: Audio, place: int, value: float) -> Audio:
    samples = audio.samples.copy()
    samples[place] = value
    return Audio(samples, audio.rate_hz)


# --- vectors ----------------------------------------------------------------------------------------------------------


def test_the_vector_is_the_one_written_down(ge2e):
    vector = ge2e.embed(vowels()).vector
    assert {i: float(vector[i]) for i in np.argsort(-vector)[:8]} == pytest.approx(GOLDEN, abs=1e-4)


def test_vectors_are_unit_float32_and_their_length_before_is_told(ge2e):
    found = ge2e.embed(spoken(0))
    assert found.vector.dtype == np.float32
    assert found.vector.shape == (256,) == (ge2e.spec.dim,)
    assert np.linalg.norm(found.vector) == pytest.approx(1, abs=1e-6)
    assert found.norm > 0.1
    assert np.linalg.norm(found.raw) == pytest.approx(found.norm, rel=1e-5)


def test_the_vector_is_the_unit_mean_of_the_partials(ge2e):
    """3.2 s are cut at 0, 0.77 and 1.54 s, each partial 1.6 s long."""
    audio = Audio(spoken(1).samples[:51_200], 16_000)
    starts, _ = partial_starts(51_200)
    assert starts == [0, 77, 154]
    loud = np.float32(max(1.0, 10 ** (-30 / 20) / np.sqrt(np.mean(audio.samples.astype(float) ** 2))))
    mel = ge2e._mel(torch.from_numpy(audio.samples * loud)).T
    with torch.inference_mode():
        rows = ge2e._net(torch.stack([mel[s:s + 160] for s in starts])).numpy()
    mean = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).mean(axis=0)
    assert ge2e.embed(audio).vector == pytest.approx(mean / np.linalg.norm(mean), abs=1e-5)


def test_a_batch_gives_what_each_gives_alone(ge2e):
    audios = [spoken(0), spoken(1, 0, 1.2), spoken(2), Audio(spoken(3).samples[:900], 16_000)]
    for alone, together in zip([ge2e.embed(a) for a in audios], ge2e.embed_many(audios), strict=True):
        assert together.vector == pytest.approx(alone.vector, abs=1e-5)
        assert together.norm == pytest.approx(alone.norm, abs=1e-4)
    assert ge2e.embed_many([]) == []


def test_small_batches_and_threads_change_nothing(ge2e):
    audio, threads = Audio(spoken(2).samples[:51_200], 16_000), torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = ge2e.embed(audio).vector
        torch.set_num_threads(2)
        two = ge2e.embed(audio).vector
    finally:
        torch.set_num_threads(threads)
    assert two == pytest.approx(one, abs=1e-5)
    assert GE2EEncoder(Weights(), "cpu", batch=2).embed(audio).vector == pytest.approx(one, abs=1e-5)


def test_the_same_speech_at_48_khz_is_the_same_voice(ge2e):
    audio = spoken(0)
    wide = Audio(resample(audio.samples, 16_000, 48_000), 48_000)
    assert float(ge2e.embed(wide).vector @ ge2e.embed(audio).vector) > 0.99


def test_the_level_of_quiet_speech_does_not_matter(ge2e):
    """Below −30 dBFS everything is raised to it, so two quiet levels give one vector."""
    audio = spoken(0)
    quiet, quieter = (ge2e.embed(Audio(audio.samples * np.float32(g), 16_000)).vector for g in (0.1, 0.001))
    assert float(quiet @ quieter) == pytest.approx(1, abs=1e-5)


def test_takes_of_one_made_voice_are_nearer_than_two_voices(ge2e):
    vectors = np.array([e.vector for e in ge2e.embed_many([spoken(v, take) for take in (0, 1) for v in range(3)])])
    likeness = vectors[:3] @ vectors[3:].T
    assert min(np.diag(likeness)) > max(likeness[~np.eye(3, dtype=bool)]) + 0.05


def test_a_stretch_shorter_than_a_partial_is_repeated_until_it_fills_one(ge2e):
    short = spoken(1).samples[4_000:20_000]  # 1 s
    filled = np.concatenate([short, short[:9_600]])  # 1.6 s
    assert ge2e.embed(Audio(short, 16_000)).vector == pytest.approx(
        ge2e.embed(Audio(filled, 16_000)).vector, abs=1e-5)


# --- what cannot be embedded ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("audio", [
    Audio(np.zeros(0, np.float32), 16_000),
    Audio(np.zeros(32_000, np.float32), 16_000),
    Audio(np.full(32_000, 1e-9, np.float32), 16_000),
    Audio(np.zeros((2, 32_000), np.float32), 16_000),
    changed(vowels(), 7, np.nan),
    changed(vowels(), 7, np.inf),
    changed(vowels(), -1, -np.inf),
    Audio(np.zeros(1, np.float32), 48_000),
], ids=["empty", "silent", "next to silent", "stereo", "nan", "inf", "minus inf", "one silent sample"])
def test_sound_that_is_no_speech_at_all_is_a_shape_error(ge2e, audio):
    with pytest.raises(ShapeError):
        ge2e.embed(audio)
    with pytest.raises(ShapeError):
        ge2e.embed_many([vowels(), audio])


@pytest.mark.parametrize("samples", [[0.5], [0.5, -0.5], [3e30] * 4000], ids=["one", "two", "absurdly loud"])
def test_odd_sound_gives_a_true_vector_or_an_error_of_ours(ge2e, samples):
    try:
        vector = ge2e.embed(Audio(np.array(samples, np.float32), 16_000)).vector
    except ShapeError as error:
        assert str(error).endswith(".")
    else:
        assert np.isfinite(vector).all()
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


# --- cutting ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("samples", "starts"), [
    (1, [0]),  # there is always one
    (16_000, [0]),  # 1 s: one, padded
    (25_600, [0]),  # 1.6 s: exactly one; a second at 0.77 s would be covered by (25600 − 12320) / 25600 = 52 %
    (31_519, [0]),  # one sample short of 75 %
    (31_520, [0, 77]),  # 77 · 160 + 0.75 · 25600: exactly 75 %
    (51_200, [0, 77, 154]),  # 3.2 s: a fourth at 2.31 s would be covered by 56 %
    (160_000, [*range(0, 848, 77)]),  # 10 s: the last begins at 8.47 s (96 % covered); 9.24 s would have 48 %
])
def test_partials_begin_where_they_should(samples, starts):
    found, needed = partial_starts(samples)
    assert found == starts
    assert needed == (starts[-1] + 160) * 160


def test_the_mel_front_end_is_that_of_slaneys_auditory_toolbox(ge2e):
    """Against plain numpy: |STFT|² under a periodic Hann window, 40 triangles on Slaney's scale with unit area."""
    wave = vowels(0.5).samples.astype(np.float64)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    padded = np.pad(wave, 200)
    frames = np.lib.stride_tricks.sliding_window_view(padded, 400)[::160]
    power = np.abs(np.fft.rfft(frames * window)) ** 2

    def hz(mel):  # linear below 1 kHz (15 mel), logarithmic above
        return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))

    top = 15 + np.log(8000 / 1000) * 27 / np.log(6.4)
    edges = hz(np.linspace(0, top, 42))
    bins = np.arange(201) * 40.0
    rising = (bins[:, None] - edges[None, :-2]) / np.diff(edges)[None, :-1]
    falling = (edges[None, 2:] - bins[:, None]) / np.diff(edges)[None, 1:]
    triangles = np.maximum(0, np.minimum(rising, falling)) * 2 / (edges[2:] - edges[:-2])
    expected = power @ triangles
    found = ge2e._mel(torch.from_numpy(vowels(0.5).samples)).T.numpy()
    assert found.shape == expected.shape
    assert found == pytest.approx(expected, rel=1e-3, abs=1e-6 * expected.max())


# --- the spec ---------------------------------------------------------------------------------------------------------


def test_the_spec_names_the_weights_and_is_known_without_loading():
    spec = voice.spec(Weights())
    assert (spec.name, spec.version, spec.kind) == ("GE2E d-vector", "0.1.4", "voice")
    assert (spec.dim, spec.rate_hz) == (256, 16_000)
    assert len(spec.sha256) == 64 and spec.sha256 != Weights().sha256("ge2e")  # it covers the front end, too
