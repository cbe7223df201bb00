"""CLAP by choice, held against transformers' own outputs on a small checkpoint that went through save and load."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from engine.encoders import clap, pooling
from engine.encoders.clap import ClapEncoder
from engine.encoders.windows import Cut, WindowStream
from engine.errors import DecodeError, EncoderError, ShapeError, UsageError
from tests.engine.encoders import small_clap

RATE_HZ = 48_000
NAMES = ("Dog", "Rain", "Violin")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return small_clap.write(tmp_path_factory.mktemp("clap") / "small")


@pytest.fixture(scope="module")
def encoder(folder):
    return ClapEncoder(folder, "cpu", NAMES)


def noise(seconds, seed=0):
    return np.random.default_rng(seed).normal(0, 0.1, round(seconds * RATE_HZ)).astype(np.float32)


def tone(seconds, hz=440.0):
    return (0.3 * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE_HZ)) / RATE_HZ)).astype(np.float32)


def vectors(encoder, *waves):
    return [one.vectors for one in encoder.analyse_many([iter([wave]) for wave in waves])]


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("safe", [True, False])
def test_the_vectors_are_those_of_the_library(tmp_path, fused, safe):
    """The library is given the same stretches of at most 10 s, so that it crops nothing either."""
    import torch
    from transformers import AutoTokenizer, ClapFeatureExtractor, ClapModel

    where = small_clap.write(tmp_path / "model", seed=3, fused=fused, safe=safe)
    ours = ClapEncoder(where, "cpu")
    theirs, front = ClapModel.from_pretrained(where).eval(), ClapFeatureExtractor.from_pretrained(where)
    wave = np.concatenate([tone(8), noise(9)])  # spans 0–10, 5–15, 10–17
    given = front([wave[:10 * RATE_HZ], wave[5 * RATE_HZ:15 * RATE_HZ], wave[10 * RATE_HZ:], tone(0.02), tone(3)],
                  sampling_rate=RATE_HZ, return_tensors="pt")
    tokens = AutoTokenizer.from_pretrained(where)(["a dog barks", ""], padding=True, return_tensors="pt")
    with torch.inference_mode():
        features = given["input_features"]
        sounds = theirs.get_audio_features(features, is_longer=torch.zeros(len(features), 1, dtype=torch.bool))
        texts = theirs.get_text_features(**tokens)
    expected = torch.nn.functional.normalize(sounds.pooler_output, dim=-1).numpy()
    assert np.allclose(np.concatenate(vectors(ours, wave, tone(0.02), tone(3))), expected, atol=1e-5)
    assert np.allclose(ours.embed_texts(["a dog barks", ""]), texts.pooler_output.numpy(), atol=1e-5)
    assert np.abs(expected @ expected.T).min() < 0.999  # the small net tells these sounds apart at all


def test_the_library_would_have_cropped_at_random_where_we_do_not(folder, encoder):
    from transformers import ClapFeatureExtractor

    front, wave = ClapFeatureExtractor.from_pretrained(folder), np.concatenate([tone(8), noise(9)])
    crops = [front(wave, sampling_rate=RATE_HZ, return_tensors="np")["input_features"] for _ in range(2)]
    assert not np.array_equal(*crops)
    assert np.array_equal(*(vectors(encoder, wave)[0] for _ in range(2)))


def test_alone_in_a_batch_on_one_thread_and_two_the_vectors_are_equal(encoder):
    import torch

    waves = [noise(0.5), tone(23), noise(10, 1), tone(1, 2000), noise(17, 2)]
    before = torch.get_num_threads()
    together = vectors(encoder, *waves)
    try:
        torch.set_num_threads(1)
        for wave, expected in zip(waves, together, strict=True):
            assert np.allclose(vectors(encoder, wave)[0], expected, atol=1e-5)
        torch.set_num_threads(2)
        for got, expected in zip(vectors(encoder, *waves[::-1]), together[::-1], strict=True):
            assert np.allclose(got, expected, atol=1e-5)
    finally:
        torch.set_num_threads(before)
    texts = ["rain", "a long description of a dog " * 9, "", "中文"]
    many = encoder.embed_texts(texts)
    assert np.allclose(many, np.concatenate([encoder.embed_texts([one]) for one in texts]), atol=1e-5)


def test_a_long_sound_has_a_vector_every_five_seconds_whatever_the_blocks(encoder):
    wave = np.concatenate([noise(30), tone(31.5)])
    whole = encoder.analyse(iter([wave]))
    assert whole.spans == pooling.spans_of(61.5)
    assert whole.vectors.shape == (len(whole.spans), encoder.spec.dim)
    assert whole.duration_s == 61.5
    pieces = encoder.analyse(iter(np.split(wave, np.arange(7_777, len(wave), 7_777))))
    assert pieces.spans == whole.spans
    assert np.allclose(pieces.vectors, whole.vectors, atol=1e-6)
    at = next(n for n, span in enumerate(whole.spans) if span.start_s == 40)
    assert np.allclose(whole.vectors[at], encoder.analyse(iter([wave[40 * RATE_HZ:50 * RATE_HZ]])).vectors[0], atol=1e-5)


def test_an_hour_passes_through_in_the_memory_of_one_batch():
    """Counted without the net: blocks of a minute, of which never more than a window is kept."""
    stream = WindowStream(Cut(RATE_HZ))
    block, given, kept = np.zeros(60 * RATE_HZ, np.float32), 0, 0
    for _ in range(60):
        for window in stream.push(block):
            given += 1
            assert len(window) == 10 * RATE_HZ
        kept = max(kept, len(stream._kept))
    given += len([*stream.finish()])
    assert given == len(pooling.spans_of(3600)) == 719
    assert kept < 10 * RATE_HZ


@pytest.mark.parametrize("seconds", [0.02, 3.0, 9.99, 10.0, 10.01, 15.0, 15.01, 100.0])
def test_spans_are_those_of_every_encoder(seconds):
    found = Cut(RATE_HZ).spans(round(seconds * RATE_HZ))
    expected = pooling.spans_of(seconds)
    assert [s.start_s for s in found] == pytest.approx([s.start_s for s in expected])
    assert [s.end_s for s in found] == pytest.approx([s.end_s for s in expected])


def test_20_ms_silence_and_nonsense_give_a_vector_or_a_word(encoder):
    short, silent, empty, broken, torn = encoder.analyse_many([
        iter([tone(0.02)]), iter([np.zeros(RATE_HZ, np.float32)]), iter([]), iter([np.array([0.0, np.nan], np.float32)]),
        torn_blocks()])
    for one in (short, silent):
        assert one.vectors.shape == (1, encoder.spec.dim)
        assert np.linalg.norm(one.vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert isinstance(empty, ShapeError)
    assert isinstance(broken, ShapeError)
    assert isinstance(torn, DecodeError)


def torn_blocks():
    yield tone(12)
    raise DecodeError("torn.ogg", "it ends too soon.")


@pytest.mark.parametrize("text", ["", "   ", "\x00\x07\x1b[31m", "🎵🐕‍🦺", "中文声音", "a dog barks " * 2_500, "\ud83d",
                                  "x" * 10**6])
def test_any_text_has_a_vector_and_always_the_same(encoder, text):
    first, again = encoder.embed_texts([text]), encoder.embed_texts(["other", text])[1:]
    assert np.isfinite(first).all()
    assert np.linalg.norm(first) == pytest.approx(1, abs=1e-5)
    assert np.allclose(first, again, atol=1e-5)


def test_the_end_of_a_text_that_is_too_long_is_left_out(encoder):
    words = "thunder over the sea " * 50
    assert np.allclose(encoder.embed_texts([words]), encoder.embed_texts([words + "and a dog"]), atol=1e-6)


def test_tags_are_a_softmax_over_the_class_names_at_the_scale_of_the_model(folder, encoder):
    found = encoder.analyse(iter([tone(3)]))
    logits = (1 / 0.07) * found.vectors[0] @ encoder.embed_texts(NAMES).T
    expected = np.exp(logits) / np.exp(logits).sum()
    assert {tag.name: pytest.approx(tag.probability, abs=1e-4) for tag in found.tags} == dict(
        zip(NAMES, expected.tolist(), strict=True))
    assert [tag.probability for tag in found.tags] == sorted((tag.probability for tag in found.tags), reverse=True)
    assert ClapEncoder(folder, "cpu").analyse(iter([tone(3)])).tags == ()


def test_the_vectors_of_the_class_names_are_made_once_and_kept(folder, tmp_path, monkeypatch):
    expected = ClapEncoder(folder, "cpu", NAMES, tmp_path).analyse(iter([tone(3)])).tags
    (kept,) = tmp_path.iterdir()
    again = ClapEncoder(folder, "cpu", NAMES, tmp_path)
    monkeypatch.setattr(again._tags, "_embed_texts", pytest.fail)
    assert again.analyse(iter([tone(3)])).tags == expected
    kept.write_bytes(kept.read_bytes()[:100])
    assert ClapEncoder(folder, "cpu", NAMES, tmp_path).analyse(iter([tone(3)])).tags == expected
    other = ClapEncoder(folder, "cpu", ("Cat", *NAMES[1:]), tmp_path).analyse(iter([tone(3)])).tags
    assert {tag.name for tag in other} == {"Cat", "Rain", "Violin"}


def test_the_spec_names_the_weights(tmp_path, folder, encoder):
    same = small_clap.write(tmp_path / "elsewhere")
    other = small_clap.write(tmp_path / "other", seed=1)
    assert ClapEncoder(same, "cpu").spec == encoder.spec
    assert ClapEncoder(other, "cpu").spec != encoder.spec
    assert (encoder.spec.kind, encoder.spec.dim, encoder.spec.rate_hz) == ("joint", 24, RATE_HZ)


def test_when_the_memory_is_full_the_batches_get_smaller(folder, monkeypatch):
    encoder = ClapEncoder(folder, "cpu")
    windows = np.stack([Cut(RATE_HZ).filled(wave) for wave in (noise(5), tone(7), noise(10), tone(1))])
    expected, sizes, own = encoder.embed_windows(windows), [], encoder._sounds

    def small(part):
        sizes.append(len(part))
        if len(part) > 1:
            raise RuntimeError("out of memory")
        return own(part)

    monkeypatch.setattr(encoder, "_sounds", small)
    assert np.allclose(encoder.embed_windows(windows), expected, atol=1e-5)
    assert sizes[-4:] == [1, 1, 1, 1]



def _no_weights(where):
    (where / "model.safetensors").unlink()
    return "no weights"


def _cut_weights(where):
    path = where / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])
    return "cannot be loaded"


def _other_model(where):
    (where / "config.json").write_text('{"model_type": "bert"}')
    return "no CLAP model"


def _no_front_end(where):
    (where / "preprocessor_config.json").unlink()
    return "cannot be loaded"


def _parameters_missing(where):
    from safetensors.torch import load_file, save_file

    state = load_file(where / "model.safetensors")
    state.pop("text_projection.linear1.weight")
    save_file(state, where / "model.safetensors", metadata={"format": "pt"})
    return "not whole.*text_projection"


@pytest.mark.parametrize("change", [_no_weights, _cut_weights, _other_model, _no_front_end, _parameters_missing])
def test_a_folder_that_does_not_fit_is_refused_with_the_reason(folder, tmp_path, change):
    where = shutil.copytree(folder, tmp_path / "broken")
    expected = change(where)
    with pytest.raises(EncoderError, match=expected):
        ClapEncoder(where, "cpu")


def test_a_pickle_that_would_run_something_is_not_opened(tmp_path):
    import pickle

    where = small_clap.write(tmp_path / "model", safe=False)
    ran = tmp_path / "ran"

    class Harm:
        def __reduce__(self):
            return (type(ran).touch, (ran,))

    (where / "pytorch_model.bin").write_bytes(pickle.dumps(Harm()))
    with pytest.raises(EncoderError, match="cannot be loaded"):
        ClapEncoder(where, "cpu")
    assert not ran.exists()


def test_a_device_that_is_not_there_is_said(folder):
    with pytest.raises(UsageError):
        ClapEncoder(folder, "tpu")


def test_only_what_makes_the_vectors_is_hashed(folder, tmp_path):
    where = shutil.copytree(folder, tmp_path / "with more")
    (where / "README.md").write_text("about it")
    assert {path.name for path in clap.files_of(where)} == {path.name for path in clap.files_of(folder)}
