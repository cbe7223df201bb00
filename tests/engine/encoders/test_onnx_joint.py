"""A pair of ONNX files as a joint space: small graphs whose vectors are known from numpy, and what does not fit."""

from __future__ import annotations

import json

import numpy as np
import pytest

from engine.encoders.onnx_joint import OnnxPairEncoder
from engine.encoders.windows import Cut
from engine.errors import EncoderError, ShapeError
from engine.records import Span
from tests.engine.encoders import small_onnx

RATE_HZ = 8_000
FACTS = {"rate_hz": RATE_HZ, "filling": "repeat"}


@pytest.fixture
def encoder(tmp_path):
    return OnnxPairEncoder(small_onnx.write(tmp_path / "pair", facts=FACTS), "cpu", ("a", "b", "c"))


def wave(seconds, seed=0):
    return np.random.default_rng(seed).normal(0, 0.1, round(seconds * RATE_HZ)).astype(np.float32)


def test_sounds_and_texts_have_the_vectors_of_the_graphs(encoder):
    sound = wave(17)
    found = encoder.analyse(iter([sound]))
    assert found.spans == (Span(0, 10), Span(5, 15), Span(10, 17))
    cut = Cut(RATE_HZ, 10.0, "repeat")
    windows = np.stack([sound[:80_000], sound[40_000:120_000], cut.filled(sound[80_000:])])
    assert np.allclose(found.vectors, small_onnx.audio_vectors(windows), atol=1e-5)
    texts = ["rain", "a dog barks", "z"]
    assert np.allclose(encoder.embed_texts(texts), small_onnx.text_vectors(texts), atol=1e-5)
    assert encoder.spec.dim == small_onnx.DIM
    assert encoder.spec.rate_hz == RATE_HZ
    assert sum(tag.probability for tag in found.tags) == pytest.approx(1, abs=0.5)
    assert {tag.name for tag in found.tags} == {"a", "b", "c"}


def test_alone_and_in_a_batch_the_vectors_are_equal(encoder):
    waves = [wave(seconds, seed) for seed, seconds in enumerate((0.02, 3, 10, 31, 12, 60))]
    together = encoder.analyse_many([iter([one]) for one in waves])
    for one, expected in zip(waves, together, strict=True):
        assert np.allclose(encoder.analyse(iter(np.array_split(one, 3))).vectors, expected.vectors, atol=1e-5)
    texts = ["", "rain", "long " * 90]
    assert np.allclose(encoder.embed_texts(texts)[1:], [encoder.embed_texts([one])[0] for one in texts[1:]], atol=1e-5)


@pytest.mark.parametrize("sizes", [{"batch": 1}, {"batch": 3, "samples": 16_000, "tokens": 12}])
def test_graphs_of_fixed_sizes_are_fed_what_they_take(tmp_path, sizes):
    encoder = OnnxPairEncoder(small_onnx.write(tmp_path / "fixed", facts=FACTS, **sizes), "cpu")
    found = encoder.analyse(iter([wave(5)]))
    if "samples" in sizes:  # windows of 2 s, every second
        assert found.spans == (Span(0, 2), Span(1, 3), Span(2, 4), Span(3, 5))
        assert np.allclose(found.vectors[1], small_onnx.audio_vectors(wave(5)[None, 8_000:24_000])[0], atol=1e-5)
    else:
        assert found.spans == (Span(0, 5),)
    texts = ["rain", "dog", "a bell", "wind", "a long text beyond twelve"]
    assert np.allclose(encoder.embed_texts(texts)[:4], small_onnx.text_vectors(texts[:4]), atol=1e-5)
    if "tokens" in sizes:
        assert np.allclose(encoder.embed_texts(texts)[4], small_onnx.text_vectors([texts[4][:12]])[0], atol=1e-5)


def test_the_rate_may_stand_in_the_metadata_and_the_file_beside_wins(tmp_path):
    told = {"rate_hz": "22050", "window_s": "4"}
    assert OnnxPairEncoder(small_onnx.write(tmp_path / "a", metadata=told), "cpu").spec.rate_hz == 22_050
    assert OnnxPairEncoder(small_onnx.write(tmp_path / "b", metadata=told, facts=FACTS), "cpu").spec.rate_hz == RATE_HZ
    assert OnnxPairEncoder(small_onnx.write(tmp_path / "c"), "cpu").spec.rate_hz == 48_000


@pytest.mark.parametrize("text", ["🎵", "中文", "\x00", "word " * 10_000])
def test_any_text_gives_a_vector(encoder, text):
    vector = encoder.embed_texts([text])
    assert np.isfinite(vector).all()


def test_a_sound_without_sound_is_an_error_of_its_own(encoder):
    empty, fine = encoder.analyse_many([iter([]), iter([wave(1)])])
    assert isinstance(empty, ShapeError)
    assert len(fine.vectors) == 1


def test_the_spec_covers_every_file_and_every_constant(tmp_path):
    specs = {OnnxPairEncoder(small_onnx.write(tmp_path / name, facts=facts), "cpu").spec.sha256 for name, facts in (
        ("a", FACTS), ("b", FACTS), ("c", {**FACTS, "filling": "pad"}), ("d", {**FACTS, "window_s": 5}))}
    assert len(specs) == 3
    folder = small_onnx.write(tmp_path / "a", facts=FACTS)
    before = OnnxPairEncoder(folder, "cpu").spec
    (folder / "tokenizer.json").write_text((folder / "tokenizer.json").read_text() + " ")
    assert OnnxPairEncoder(folder, "cpu").spec != before


def _missing(folder):
    (folder / "text.onnx").unlink()
    return "lacks text.onnx"


def _no_graph(folder):
    (folder / "audio.onnx").write_bytes(b"not a graph")
    return "audio.onnx.*cannot be loaded"


def _two_spaces(folder):
    small_onnx.write(folder, dim=6, text_dim=7)
    return "do not share a space.*6 numbers.*7"


def _spectrogram(folder):
    from onnx import TensorProto, helper

    graph = helper.make_graph([helper.make_node("Identity", ["mel"], ["out"])], "mel",
                              [helper.make_tensor_value_info("mel", TensorProto.FLOAT, [1, 64, "t"])],
                              [helper.make_tensor_value_info("out", TensorProto.FLOAT, [1, 64, "t"])])
    small_onnx._save(graph, folder / "audio.onnx", {})
    return r"raw wave; it takes mel tensor\(float\) \[1, 64, 't'\]"


def _other_inputs(folder):
    small_onnx.write_text(folder / "text.onnx", 6, "b", "t", ("ids", "attention_mask"))
    return "has to take input_ids and attention_mask.*ids"


def _tokenizer(folder):
    (folder / "tokenizer.json").write_text("{}")
    return "tokenizer.json.*cannot be read"


def _facts(folder):
    (folder / "earmark.json").write_text("[1]")
    return "has to hold an object"


def _rate(folder):
    (folder / "earmark.json").write_text(json.dumps({"rate_hz": -1}))
    return "rate_hz.*between"


def _filling(folder):
    (folder / "earmark.json").write_text(json.dumps({"filling": "mirror"}))
    return "filling.*mirror.*repeatpad"


@pytest.mark.parametrize("change", [_missing, _no_graph, _two_spaces, _spectrogram, _other_inputs, _tokenizer, _facts, _rate,
                                    _filling])
def test_what_does_not_fit_is_said(tmp_path, change):
    folder = small_onnx.write(tmp_path / "pair")
    expected = change(folder)
    with pytest.raises(EncoderError, match=expected):
        OnnxPairEncoder(folder, "cpu")
