"""The tag bridge: spans, sounds alone and together, texts of every kind, and a spec that knows its constants."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from engine.encoders import joint
from engine.encoders.pooling import spans_of
from engine.encoders.text import cleaned
from engine.errors import DecodeError, ShapeError
from engine.weights import Weights
from tests.true_models import models


def tone(seconds: float, hz: float = 440.0) -> np.ndarray:
    time_s = np.arange(round(seconds * 16_000)) / 16_000
    return (0.2 * np.sin(2 * np.pi * hz * time_s)).astype(np.float32)


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, round(seconds * 16_000)).astype(np.float32)


def blocks(wave, size=48_000):
    return (wave[start:start + size] for start in range(0, len(wave), size))


# --- spans ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("duration_s", "expected"), [
    (0.01, [(0, 0.01)]),
    (9, [(0, 9)]),
    (10, [(0, 10)]),
    (10.5, [(0, 10), (5, 10.5)]),
    (12, [(0, 10), (5, 12)]),
    (15, [(0, 10), (5, 15)]),
    (15.1, [(0, 10), (5, 15), (10, 15.1)]),
    (20, [(0, 10), (5, 15), (10, 20)]),
])
def test_spans_are_ten_seconds_long_and_begin_every_five(duration_s, expected):
    assert [(s.start_s, s.end_s) for s in spans_of(duration_s)] == expected


def test_two_hours_have_a_span_every_five_seconds_to_the_very_end():
    spans = spans_of(7200)
    assert len(spans) == 1439
    assert spans[-1].end_s == 7200
    assert max(s.duration_s for s in spans) == 10
    assert {b.start_s - a.start_s for a, b in pairwise(spans)} == {5.0}


# --- sounds -----------------------------------------------------------------------------------------------------------


def test_several_sounds_together_give_what_each_gives_alone(bridge):
    waves = [tone(1.2), noise(12), noise(0.02, 3), np.concatenate([tone(6), noise(6)])]
    alone = [bridge.analyse(blocks(w)) for w in waves]
    together = bridge.analyse_many([blocks(w, 20_000) for w in waves])
    for wave, one, other in zip(waves, alone, together, strict=True):
        assert other.vectors == pytest.approx(one.vectors, abs=1e-5)
        assert other.spans == one.spans == spans_of(len(wave) / 16_000)
        assert [t.name for t in other.tags] == [t.name for t in one.tags]
        assert one.duration_s == len(wave) / 16_000
        assert one.vectors.dtype == np.float32
        assert one.vectors.shape == (len(one.spans), 521) == (len(one.spans), bridge.spec.dim)
        assert np.linalg.norm(one.vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_a_span_knows_only_what_lies_in_it(bridge):
    """10 s of a tone, then 10 s of noise: the first span is that of the tone, the last that of the noise."""
    found = bridge.analyse(blocks(np.concatenate([tone(10), noise(10)])))
    assert [(s.start_s, s.end_s) for s in found.spans] == [(0, 10), (5, 15), (10, 20)]
    only_tone, only_noise = (bridge.analyse(blocks(w)).vectors[0] for w in (tone(10), noise(10)))
    assert float(found.vectors[0] @ only_tone) > 0.99
    assert float(found.vectors[2] @ only_noise) > 0.9
    first, middle, last = found.vectors @ only_tone
    assert last < middle < first


def test_an_error_of_one_sound_stands_in_its_place_and_the_others_are_done(bridge):
    broken = tone(3)
    broken[20_000] = np.nan

    def cut_off():
        yield tone(2)
        raise DecodeError("cut.flac", "the file is cut off.")

    found = bridge.analyse_many([blocks(tone(2)), cut_off(), blocks(broken), iter(()), blocks(noise(2))])
    assert [type(one).__name__ for one in found] == [
        "SoundAnalysis", "DecodeError", "ShapeError", "ShapeError", "SoundAnalysis"]
    assert found[0].vectors == pytest.approx(bridge.analyse(blocks(tone(2))).vectors, abs=1e-5)
    assert found[4].vectors == pytest.approx(bridge.analyse(blocks(noise(2))).vectors, abs=1e-5)
    with pytest.raises(DecodeError):
        bridge.analyse(cut_off())
    with pytest.raises(ShapeError, match="no sound"):
        bridge.analyse(iter(()))
    assert bridge.analyse_many([]) == []


def test_tags_are_the_most_probable_classes(bridge):
    tags = bridge.analyse(blocks(noise(3))).tags
    assert len(tags) == 5
    assert any("noise" in tag.name.lower() for tag in tags)
    assert [t.probability for t in tags] == sorted((t.probability for t in tags), reverse=True)


# --- texts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [
    "a dog barking", "🐕 🔊", "一只狗在叫", "إنذار حريق", "\x00\x07\x1b[31m", "", "   ", "\ud83d alone",
    "dog " * 10_000,
], ids=["plain", "emoji", "chinese", "arabic", "control", "empty", "blank", "lone surrogate", "10,000 words"])
def test_every_text_gives_a_finite_unit_vector(bridge, text):
    vectors = bridge.embed_texts([text])
    assert vectors.shape == (1, 521)
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()
    assert np.linalg.norm(vectors) == pytest.approx(1, abs=1e-5)


def test_texts_together_give_what_each_gives_alone(bridge):
    texts = ["rain", "a very long description of a door that closes slowly in an old house", "🐕"]
    alone = np.concatenate([bridge.embed_texts([t]) for t in texts])
    assert bridge.embed_texts(texts) == pytest.approx(alone, abs=1e-4)
    assert bridge.embed_texts([]).shape == (0, 521)


def test_control_characters_and_white_space_do_not_change_a_text(bridge):
    assert cleaned("a\x00dog\n\t barking\x07") == "a dog barking"
    clean, dirty = (bridge.embed_texts([text]) for text in ("a dog barking", "a dog\x00\x07 barking"))
    assert dirty == pytest.approx(clean, abs=1e-6)


@pytest.mark.parametrize(("text", "names"), [
    ("a dog barking", {"Dog", "Bark"}), ("heavy rain on a roof", {"Rain", "Rain on surface", "Raindrop"}),
    ("somebody plays the piano", {"Piano", "Electric piano"}),
    ("sirens of a police car", {"Police car (siren)", "Siren"}),
])
def test_a_description_points_at_the_classes_it_means(bridge, text, names):
    classes = models().sound().classes
    order = np.argsort(-bridge.embed_texts([text])[0])[:2]
    assert {classes[i] for i in order} & names


# --- the spec ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("constant", ["TEMPERATURE", "POWER", "SPAN_S", "HOP_S"])
def test_the_spec_changes_with_every_constant(monkeypatch, constant):
    weights = Weights()
    before = joint.spec(weights)
    assert joint.spec(weights) == before
    monkeypatch.setattr(joint, constant, getattr(joint, constant) * 2)
    assert joint.spec(weights) != before


@pytest.mark.parametrize("model", ["yamnet", "minilm"])
def test_the_spec_changes_with_the_weights(monkeypatch, model):
    weights = Weights()
    before = joint.spec(weights)
    true = Weights.sha256
    monkeypatch.setattr(Weights, "sha256", lambda self, name: "0" * 64 if name == model else true(self, name))
    assert joint.spec(weights).sha256 != before.sha256


def test_the_spec_is_known_before_anything_is_loaded(bridge):
    assert joint.spec(Weights()) == bridge.spec
    assert bridge.spec.kind == "joint"
