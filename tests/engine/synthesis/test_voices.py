"""Made voices: deterministic, accepted as speech, told apart by the voice encoder."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.encoders.models import Models
from engine.errors import UsageError, WeightsMissing
from engine.records import Audio
from engine.synthesis import espeak
from engine.synthesis.voices import VOICES, MadeVoice, speak
from engine.weights import Weights

TAKE_S = 6.0
TAKES = 5


@pytest.fixture(scope="module")
def takes() -> dict[str, list[Audio]]:
    return {voice.name: [speak(voice, seed, TAKE_S) for seed in range(TAKES)] for voice in VOICES}


def test_same_voice_and_seed_same_samples() -> None:
    first, second = speak(VOICES[0], 3, 2.0), speak(VOICES[0], 3, 2.0)
    np.testing.assert_array_equal(first.samples, second.samples)
    assert not np.array_equal(first.samples, speak(VOICES[0], 4, 2.0).samples)
    assert not np.array_equal(first.samples, speak(VOICES[1], 3, 2.0).samples)
    np.testing.assert_array_equal(first.samples, speak(replace(VOICES[0], name="Another Name"), 3, 2.0).samples)


@pytest.mark.parametrize("voice", VOICES, ids=lambda v: v.name)
def test_shape_and_level(voice: MadeVoice) -> None:
    take = speak(voice, 0, 3.0)
    assert take.rate_hz == 16_000 and take.samples.dtype == np.float32 and len(take.samples) == 48_000
    assert np.isfinite(take.samples).all()
    assert np.abs(take.samples).max() <= 0.9
    assert 20 * np.log10(np.sqrt((take.samples**2).mean())) == pytest.approx(-23, abs=2)


def test_names_are_different_and_there_are_enough() -> None:
    assert len({voice.name for voice in VOICES}) == len(VOICES) >= 6


def test_pitch_is_the_voices_own() -> None:
    for voice in (VOICES[1], VOICES[2]):  # a high one and a low one
        take = speak(replace(voice, melody=0.0, jitter=0.0, breath=0.0), 1, 4.0).samples.astype(np.float64)
        spectrum = np.abs(np.fft.rfft(take * np.hanning(len(take)), 1 << 18)) ** 2
        correlation = np.fft.irfft(spectrum)
        low, high = int(16_000 / (1.3 * voice.f0_hz)), int(16_000 * 1.3 / voice.f0_hz)
        period = low + int(correlation[low:high].argmax())
        assert 16_000 / period == pytest.approx(voice.f0_hz, rel=0.12)


@pytest.mark.parametrize("seconds", [0.1, float("nan"), 10_000])
def test_impossible_lengths_are_refused(seconds: float) -> None:
    with pytest.raises(UsageError):
        speak(VOICES[0], 0, seconds)


@pytest.mark.slow
def test_the_speech_detector_takes_them_for_speech(takes: dict[str, list[Audio]]) -> None:
    detector = Models(Weights(), "cpu").speech()
    for name, (take, *_) in takes.items():
        spoken = sum(span.duration_s for span in detector.spans(take))
        assert spoken >= 0.7 * _voiced_s(take.samples), name


@pytest.mark.slow
def test_the_voice_encoder_tells_them_apart(takes: dict[str, list[Audio]]) -> None:
    try:
        encoder = Models(Weights(), "cpu").voice()
    except WeightsMissing as missing:
        pytest.skip(str(missing))
    vectors = {name: np.stack([e.vector for e in encoder.embed_many(spoken)]) for name, spoken in takes.items()}
    centroids = {name: _unit(rows[:3].mean(axis=0)) for name, rows in vectors.items()}
    for name, rows in vectors.items():
        for held_out in rows[3:]:
            similarity = {other: float(held_out @ centroid) for other, centroid in centroids.items()}
            assert max(similarity, key=lambda other: similarity[other]) == name
            own = similarity.pop(name)
            assert own >= 0.90, (name, own)
            # The same take, had its voice never been enrolled.
            assert max(similarity.values()) <= 0.80, (name, similarity)
            assert own - max(similarity.values()) >= 0.12, (name, own, similarity)


def test_espeak_speaks_where_it_is_installed() -> None:
    voices = espeak.espeak_voices()
    if not voices:
        pytest.skip("espeak-ng is not installed")
    assert len(voices) >= 4
    first, second = espeak.speak(voices[1], 2, 4.0), espeak.speak(voices[1], 2, 4.0)
    np.testing.assert_array_equal(first.samples, second.samples)
    assert first.rate_hz == 16_000 and len(first.samples) == 64_000 and np.abs(first.samples).max() > 0.05


def test_no_espeak_no_voices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert espeak.espeak_voices() == []


def _voiced_s(samples: np.ndarray) -> float:
    """Seconds of 30 ms frames within 25 dB of the loudest."""
    frames = samples[: len(samples) // 480 * 480].reshape(-1, 480)
    level = 10 * np.log10((frames.astype(np.float64) ** 2).mean(axis=1) + 1e-12)
    return float((level > level.max() - 25).sum() * 0.03)


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)
