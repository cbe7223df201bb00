"""Made voices: deterministic, accepted as speech, told apart by the voice encoder."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from engine.audio.clean import cleaned
from engine.encoders.models import Models
from engine.errors import UsageError, WeightsMissing
from engine.records import Audio, Sample, Voice
from engine.settings import Settings
from engine.synthesis import espeak
from engine.synthesis.voices import VOICES, MadeVoice, speak
from engine.voices.choice import choose
from engine.voices.cohort import shipped
from engine.voices.identification import Identifier
from engine.weights import Weights
from tests.true_models import models

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
@pytest.mark.parametrize("name", ["campplus", "ge2e"])
def test_each_is_a_stranger_to_the_others(takes: dict[str, list[Audio]], name: str) -> None:
    """By the rule that the program uses where nobody chose another."""
    try:
        encoder = models().voice_named(name)
    except WeightsMissing as missing:
        pytest.skip(str(missing))
    method = choose(Settings().backend, shipped(encoder.spec))
    now, voices, samples = datetime.now(UTC), [], []
    heard = {who: encoder.embed_many([cleaned(one).audio for one in spoken]) for who, spoken in takes.items()}
    for number, who in enumerate(heard):
        voices.append(Voice(number, who, 0, "enrolled", now, 3, 3, 3 * TAKE_S))
        samples += [Sample(len(samples) + n, len(samples) + n, number, vector, TAKE_S, 1.0)
                    for n, vector in enumerate(heard[who][:3])]
    for out in voices:
        known = Identifier([one for one in voices if one is not out], [s for s in samples if s.voice_id != out.id],
                           Settings().threshold, Settings().margin_in(method.margin_unit), method=method)
        for who, vectors in heard.items():
            for held_out in vectors[3:]:
                found = known.identify(held_out, TAKE_S)
                if who == out.name:
                    assert found.status == "unknown", (who, found.nearest, found.similarity)
                else:
                    assert found.voice == who and found.similarity >= 0.75, (out.name, who, found.similarity)


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
