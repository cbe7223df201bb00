"""CAM++: the net against its formulas, the graph for the CPU against torch, how speech is cut, and what the vectors are worth."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from engine.audio.resample import resample
from engine.encoders import campplus, device
from engine.encoders.campplus import FRONT_END, CAMPlusPlusEncoder
from engine.errors import ShapeError
from engine.nets import campplus as net
from engine.nets.campplus_onnx import OnnxCAMPlusPlus
from engine.records import Audio
from engine.weights import Weights
from tests.engine.encoders.test_voice import changed, vowels
from tests.true_models import models, spoken

# The six largest of the 192 numbers for `vowels()`, by torch alone: see `test_the_vector_is_the_one_written_down`.
GOLDEN = {61: 0.164252, 56: 0.161837, 115: 0.158054, 20: 0.136542, 72: 0.127310, 40: 0.124908}


@pytest.fixture(scope="module")
def encoder() -> CAMPlusPlusEncoder:
    return models().voice_named("campplus")


@pytest.fixture(scope="module")
def eager() -> net.CAMPlusPlus:
    """The net in torch, with its true weights."""
    made = net.CAMPlusPlus()
    made.load_state_dict(net.renamed(load_file(Weights().path("campplus"))), strict=True)
    return made.eval()


def bands(seconds: float, rows: int = 1) -> np.ndarray:
    vowel, size = vowels(4.0).samples, round(seconds * 16_000)
    waves = [vowel[:size] + np.float32(0.1 * row) * spoken(row % 3).samples[:size] for row in range(rows)]
    return np.stack([FRONT_END.of(wave) for wave in waves])


# --- the net ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [0.1, 0.99, 1.5, 2.005, 2.03, 4.0], ids=str)  # masks are made of 2 s each, and the rest
def test_the_graph_gives_what_torch_gives(encoder, eager, seconds):
    given = bands(seconds)
    with torch.inference_mode():
        expected = eager(torch.from_numpy(given)).numpy()
    found = OnnxCAMPlusPlus({name: value.numpy() for name, value in eager.state_dict().items()})(given)
    assert found.shape == (1, 192)
    assert found == pytest.approx(expected, abs=1e-4)


def test_a_batch_of_the_net_gives_what_each_row_gives_alone(eager):
    given = torch.from_numpy(bands(1.5, 3))
    with torch.inference_mode():
        assert eager(given).numpy() == pytest.approx(np.concatenate([eager(row[None]).numpy() for row in given]), abs=1e-4)


def test_a_mask_is_made_of_all_frames_and_of_those_around(eager):
    """By hand, for the first masked convolution and 250 frames: segments of 100, 100 and 50."""
    layer = eager.blocks[0].layers[0].masked
    frames = torch.from_numpy(np.random.default_rng(1).normal(size=(1, 128, 250)).astype(np.float32))
    x = frames[0].numpy().astype(np.float64)
    weight = {name: value.detach().numpy().astype(np.float64) for name, value in layer.named_parameters()}
    padded = np.pad(x, ((0, 0), (1, 1)))
    local = sum(weight["local.weight"][:, :, tap] @ padded[:, tap:tap + 250] for tap in range(3))
    expected = np.empty_like(local)
    for start, end in ((0, 100), (100, 200), (200, 250)):
        context = x.mean(axis=1) + x[:, start:end].mean(axis=1)
        reduced = np.maximum(0, weight["reduce.weight"][:, :, 0] @ context + weight["reduce.bias"])
        gate = 1 / (1 + np.exp(-(weight["mask.weight"][:, :, 0] @ reduced + weight["mask.bias"])))
        expected[:, start:end] = local[:, start:end] * gate[:, None]
    with torch.inference_mode():
        assert layer(frames)[0].numpy() == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("name", [
    "xvector.dense.linear.weight", "head.layer2.1.bn1.bias", "xvector.block2.tdnnd24.linear1.weight"])
def test_a_state_that_lacks_something_or_holds_more_does_not_load(name):
    state = load_file(Weights().path("campplus"))
    assert set(net.renamed(state)) == set(net.CAMPlusPlus().state_dict())
    lacking = {key: value for key, value in state.items() if key != name}
    with pytest.raises(RuntimeError, match="Missing key"):
        net.CAMPlusPlus().load_state_dict(net.renamed(lacking), strict=True)
    with pytest.raises(RuntimeError, match="Unexpected key"):
        net.CAMPlusPlus().load_state_dict(net.renamed({**state, f"{name}.more": state[name]}), strict=True)


# --- vectors ----------------------------------------------------------------------------------------------------------


def test_the_vector_is_the_one_written_down(encoder):
    vector = encoder.embed(vowels()).vector
    assert {i: float(vector[i]) for i in np.argsort(-vector)[:6]} == pytest.approx(GOLDEN, abs=1e-4)


def test_the_vector_is_that_of_torch_eager(encoder, eager):
    """Silence aside, nothing but the bands and the net: the wave is louder than what is raised."""
    audio = vowels(2.0)
    with torch.inference_mode():
        raw = eager(torch.from_numpy(FRONT_END.of(audio.samples)[None]))[0].numpy()
    found = encoder.embed(audio)
    assert found.vector == pytest.approx(raw / np.linalg.norm(raw), abs=1e-4)
    assert found.norm == pytest.approx(float(np.linalg.norm(raw)), rel=1e-4)


def test_vectors_are_unit_float32_and_their_length_before_is_told(encoder):
    found = encoder.embed(spoken(0))
    assert found.vector.dtype == np.float32
    assert found.vector.shape == (192,) == (encoder.spec.dim,)
    assert np.linalg.norm(found.vector) == pytest.approx(1, abs=1e-6)
    assert np.linalg.norm(found.raw) == pytest.approx(found.norm, rel=1e-5)


def test_a_long_stretch_is_the_unit_mean_of_equal_parts(encoder):
    wave = np.concatenate([spoken(0, take).samples for take in range(6)])[:24 * 16_000]
    parts = [encoder.embed(Audio(wave[start:start + 8 * 16_000], 16_000)).vector for start in (0, 128_000, 256_000)]
    mean = np.mean(parts, axis=0)
    assert encoder.embed(Audio(wave, 16_000)).vector == pytest.approx(mean / np.linalg.norm(mean), abs=1e-4)


def test_a_stretch_shorter_than_a_second_is_repeated(encoder):
    short = spoken(1).samples[4_000:14_000]
    assert encoder.embed(Audio(short, 16_000)).vector == pytest.approx(
        encoder.embed(Audio(np.concatenate([short, short[:6_000]]), 16_000)).vector, abs=1e-5)


def test_a_batch_and_threads_give_what_each_gives_alone(encoder):
    audios = [spoken(0), spoken(1, 0, 1.2), Audio(spoken(3).samples[:900], 16_000),
              Audio(np.resize(spoken(2).samples, 12 * 16_000), 16_000)]
    alone = [encoder.embed(one) for one in audios]
    for one, together in zip(alone, encoder.embed_many(audios), strict=True):
        assert together.vector == pytest.approx(one.vector, abs=1e-5)
    assert encoder.embed_many([]) == []
    with ThreadPoolExecutor(4) as threads:
        for number, found in enumerate(threads.map(encoder.embed, audios * 4)):
            assert found.vector == pytest.approx(alone[number % len(audios)].vector, abs=1e-6)


def test_making_the_encoder_leaves_torchs_threads_alone():
    before = torch.get_num_threads()
    CAMPlusPlusEncoder(Weights(), "cpu")
    with ThreadPoolExecutor(1) as later:
        assert later.submit(torch.get_num_threads).result() == before == torch.get_num_threads()


def test_the_way_of_a_gpu_gives_the_vectors_of_the_cpu(encoder, monkeypatch):
    """The same code with torch on the CPU, first in one batch, then with memory for two windows at a time."""
    made = CAMPlusPlusEncoder(Weights(), "cpu")
    made._net = made._on_gpu(torch.device("cpu"))
    audios = [spoken(voice, take, 2.0) for voice in range(3) for take in range(2)]
    expected = [one.vector for one in encoder.embed_many(audios)]
    assert np.array([one.vector for one in made.embed_many(audios)]) == pytest.approx(np.array(expected), abs=1e-4)
    sizes, forward = [], made._model.forward

    def short_of_memory(given):
        sizes.append(len(given))
        if len(given) > 2:
            raise torch.OutOfMemoryError("out of memory")
        return forward(given)

    monkeypatch.setattr(made._model, "forward", short_of_memory)
    assert np.array([one.vector for one in made.embed_many(audios)]) == pytest.approx(np.array(expected), abs=1e-4)
    assert sizes[0] > 2 >= sizes[-1]

    def never(given):
        raise torch.OutOfMemoryError("out of memory")

    monkeypatch.setattr(made._model, "forward", never)
    assert made.embed(audios[0]).vector == pytest.approx(expected[0], abs=1e-4)  # on the CPU in the end


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_gives_the_vectors_of_the_cpu(encoder):
    assert device.resolve("cuda").type == "cuda"
    assert CAMPlusPlusEncoder(Weights(), "cuda").embed(vowels()).vector == pytest.approx(encoder.embed(vowels()).vector, abs=1e-3)


def test_the_same_speech_at_48_khz_is_the_same_voice(encoder):
    audio = spoken(0)
    wide = Audio(resample(audio.samples, 16_000, 48_000), 48_000)
    assert float(encoder.embed(wide).vector @ encoder.embed(audio).vector) > 0.98


def test_the_level_does_not_matter(encoder):
    """The mean of each band goes, and with it the level; what Kaldi's bands keep from zero shows a little in soft sounds."""
    audio = spoken(0)
    vectors = [encoder.embed(Audio(audio.samples * np.float32(gain), 16_000)).vector for gain in (2.0, 1.0, 0.1, 0.001)]
    assert min(float(one @ vectors[0]) for one in vectors) > 0.99


def test_takes_of_one_made_voice_are_nearer_than_two_voices(encoder):
    vectors = np.array([e.vector for e in encoder.embed_many([spoken(v, take) for take in (0, 1) for v in range(3)])])
    likeness = vectors[:3] @ vectors[3:].T
    assert min(np.diag(likeness)) > max(likeness[~np.eye(3, dtype=bool)]) + 0.05


# --- what cannot be embedded ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("audio", [
    Audio(np.zeros(0, np.float32), 16_000), Audio(np.zeros(32_000, np.float32), 16_000),
    Audio(np.full(32_000, 1e-9, np.float32), 16_000), Audio(np.zeros((2, 32_000), np.float32), 16_000),
    changed(vowels(), 7, np.nan), changed(vowels(), -1, -np.inf), Audio(np.zeros(1, np.float32), 48_000),
], ids=["empty", "silent", "next to silent", "stereo", "nan", "minus inf", "one silent sample"])
def test_sound_that_is_no_speech_at_all_is_a_shape_error(encoder, audio):
    with pytest.raises(ShapeError):
        encoder.embed(audio)
    with pytest.raises(ShapeError):
        encoder.embed_many([vowels(), audio])


@pytest.mark.parametrize("samples", [[0.5], [0.5, -0.5], [3e30] * 4000], ids=["one", "two", "absurdly loud"])
def test_odd_sound_gives_a_true_vector_or_an_error_of_ours(encoder, samples):
    try:
        vector = encoder.embed(Audio(np.array(samples, np.float32), 16_000)).vector
    except ShapeError as error:
        assert str(error).endswith(".")
    else:
        assert np.isfinite(vector).all()
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_the_spec_names_the_weights_and_is_known_without_loading():
    spec = campplus.spec(Weights())
    assert (spec.name, spec.version, spec.kind, spec.dim, spec.rate_hz) == ("CAM++", "0.2.2", "voice", 192, 16_000)
    assert len(spec.sha256) == 64 and spec.sha256 != Weights().sha256("campplus")  # it covers the front end, too
