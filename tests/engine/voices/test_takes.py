"""Judging a take: what its figures are and what is advised."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import TwoVoices
from engine.records import Audio, Embedding, EncoderSpec, Span
from engine.voices.limits import Limits
from engine.voices.mixtures import voices_in
from engine.voices.takes import judge, net_speech, refusal, sample_parts, split
from tests.true_models import models, silence, spoken


class Says:
    """A detector that finds speech where it is told to."""

    def __init__(self, *spans):
        self._spans = [Span(*pair) for pair in spans]

    def spans(self, audio):
        return self._spans


def loud_between(level, rest, spans=((1.0, 2.0),), seconds=3.0, clip=False):
    """Square waves: speech at `level` (linear), `rest` in between, so that RMS and peak are the same number."""
    time_s = np.arange(int(seconds * 16_000)) / 16_000
    wave = np.full(len(time_s), rest, np.float32)
    for start, end in spans:
        wave[(time_s >= start) & (time_s < end)] = level
    wave[1::2] *= -1
    return Audio(wave, 16_000)


def test_speech_is_what_lies_in_the_spans():
    audio = Audio(np.arange(10, dtype=np.float32), 10)
    inside, outside = split(audio, [Span(0.2, 0.4), Span(0.7, 0.8)])
    assert inside.tolist() == [2, 3, 7]
    assert outside.tolist() == [0, 1, 4, 5, 6, 8, 9]
    assert net_speech(audio, [Span(0.2, 0.4)]).duration_s == pytest.approx(0.2)


@pytest.mark.parametrize(("seconds", "parts"), [(1.0, 1), (4.4, 1), (4.6, 2), (9.0, 3), (15.0, 5)])
def test_a_take_is_cut_into_equal_samples_of_about_three_seconds(seconds, parts):
    found = sample_parts(Audio(np.arange(int(seconds * 100), dtype=np.float32), 100))
    assert len(found) == parts
    assert max(len(p.samples) for p in found) - min(len(p.samples) for p in found) <= 1
    assert np.concatenate([p.samples for p in found]).tolist() == list(range(int(seconds * 100)))


def test_level_and_noise_are_those_of_speech_and_of_what_lies_between():
    """Speech at 0.1 is −20 dBFS, the rest at 0.001 −60 dBFS: 40 dB apart."""
    found = judge(loud_between(0.1, 0.001), Says((1.0, 2.0)))
    assert found.level_dbfs == pytest.approx(-20, abs=0.01)
    assert found.snr_db == pytest.approx(40, abs=0.01)
    assert (found.duration_s, found.speech_s) == (3.0, 1.0)
    assert (found.level_ok, found.noise_ok, found.clipping_ok) == (True, True, True)


@pytest.mark.parametrize(("level", "rest", "wrong", "advice"), [
    (0.003, 0.0, "level_ok", "Too quiet"), (0.5, 0.0, "level_ok", "Very loud"),
    (0.1, 0.05, "noise_ok", "noise between"),
])
def test_what_is_wrong_is_advised_on(level, rest, wrong, advice):
    found = judge(loud_between(level, rest), Says((1.0, 2.0)))
    assert not getattr(found, wrong)
    assert advice in getattr(found, wrong.replace("_ok", "_advice"))


def test_a_wave_that_is_cut_off_is_counted():
    wave = 1.5 * np.sin(2 * np.pi * 200 * np.arange(16_000) / 16_000)
    found = judge(Audio(np.clip(wave, -1, 1).astype(np.float32), 16_000), Says((0, 1)))
    assert found.clipped > 10
    assert not found.clipping_ok
    assert "cut off" in found.clipping_advice


def test_what_never_falls_silent_stands_in_its_own_noise():
    found = judge(loud_between(0.1, 0.1), Says((0.0, 3.0)))
    assert found.snr_db == pytest.approx(0, abs=0.5)
    assert not found.noise_ok


@pytest.mark.parametrize("audio", [silence(), Audio(np.zeros(0, np.float32), 16_000)])
def test_a_take_without_speech_says_so_in_finite_figures(audio):
    found = judge(audio, models().speech())
    assert (found.speech_s, found.spans, found.snr_db) == (0, (), None)
    assert found.level_advice == "No speech yet."
    assert not found.level_ok
    assert np.isfinite(found.level_dbfs)


def test_a_good_take_is_found_good():
    found = judge(spoken(1), models().speech())
    assert 3.0 < found.speech_s <= 4.0
    assert (found.level_ok, found.noise_ok, found.clipping_ok) == (True, True, True)


class Halves:
    """An encoder that gives one vector to what comes first and another one, so much like it, to the rest."""

    def __init__(self, name, cosine):
        self.spec = EncoderSpec(name, "1", "ab" * 32, "voice", 2, 16_000)
        self._second = np.array([cosine, np.sqrt(1 - cosine ** 2)], np.float32)

    def embed_many(self, audios):
        half = len(audios) // 2
        return [Embedding(np.array([1, 0], np.float32) if at < half else self._second) for at in range(len(audios))]


@pytest.mark.parametrize(("name", "cosine", "refused"), [
    ("GE2E d-vector", 0.6, True), ("GE2E d-vector", 0.8, False), ("CAM++", 0.6, False), ("CAM++", 0.3, True),
    ("ONNX voice mine", -0.5, False)])
def test_how_unlike_two_voices_of_a_take_are_is_measured_for_each_encoder(monkeypatch, name, cosine, refused):
    monkeypatch.setattr("engine.voices.takes.speech_probability", lambda speech, tagger: 0.9)
    audio = loud_between(0.05, 0.0001, ((0.5, 9.5),), 10.0)
    found = refusal(audio, judge(audio, Says((0.5, 9.5))), 1.0, None, Halves(name, cosine), anyway=True)
    assert isinstance(found, TwoVoices) == refused
    assert found is None or found.similarity == pytest.approx(cosine, abs=1e-3)


@pytest.mark.parametrize(("groups", "limits", "voices"), [
    ((5,), Limits(0.5, 0.5), 1), ((5, 5), Limits(0.5, 0.5), 2), ((5, 4, 3), Limits(0.5, 0.5), 3), ((9, 1), Limits(0.5, 0.5), 1),
    ((3,), Limits(0.5, 0.5), None), ((5, 5), Limits(None, 0.5), None)])
def test_voices_in_windows_are_counted_where_the_limit_is_known(groups, limits, voices):
    """Each group of windows points along an axis of its own."""
    vectors = np.concatenate([np.tile(np.eye(4, dtype=np.float32)[axis], (size, 1)) for axis, size in enumerate(groups)])
    assert voices_in(vectors, limits) == voices


def test_windows_in_which_two_speak_are_no_third_voice():
    first, second = np.eye(2, dtype=np.float32)
    between = (first + second) / np.float32(np.sqrt(2))
    assert voices_in(np.array([first] * 6 + [second] * 6 + [between] * 4), Limits(0.5, 0.9)) == 2
