"""YAMNet: the front end against plain numpy, patches whatever the blocks, short sounds, known recognitions."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from engine.audio import files
from engine.encoders import sound
from engine.encoders.sound import PATCH, STEP
from engine.errors import ShapeError
from engine.nets.yamnet_onnx import OnnxYAMNet
from engine.records import Audio
from engine.weights import Weights


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(0, 0.1, round(seconds * 16_000)).astype(np.float32)


def patches_of(yamnet, *blocks):
    stream = yamnet.patches()
    found = [patch for block in blocks for patch in stream.push(block)]
    return torch.cat([*found, *stream.finish()]).numpy()


def test_log_mel_is_googles_front_end(yamnet):
    """Plain numpy: magnitude STFT (25 ms periodic Hann, 10 ms hop, 512 points), 64 HTK bands, log(x + 0.001)."""
    wave = noise(0.3)
    frames = np.lib.stride_tricks.sliding_window_view(wave.astype(np.float64), 400)[::160]
    magnitude = np.abs(np.fft.rfft(frames * (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)), 512))
    low, high = (2595 * np.log10(1 + f / 700) for f in (125, 7500))
    edges = 700 * (10 ** (np.linspace(low, high, 66) / 2595) - 1)
    bins = np.arange(257) * 16_000 / 512
    bands = np.maximum(0, np.minimum((bins[:, None] - edges[:-2]) / np.diff(edges)[:-1],
                                     (edges[2:] - bins[:, None]) / np.diff(edges)[1:]))
    expected = np.log(magnitude @ bands + 0.001)
    found = yamnet.log_mel(wave).numpy()
    assert found.shape == expected.shape == (28, 64)
    assert found == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(("samples", "count"), [
    (1, 1), (320, 1), (PATCH - 1, 1),  # shorter than a patch: one, filled by repeating
    (PATCH, 1), (PATCH + 1_599, 1),  # a rest below 0.1 s is left out
    (PATCH + 1_600, 2),  # 0.1 s gets a patch that ends with the sound
    (PATCH + STEP, 2), (PATCH + 3 * STEP, 4), (PATCH + 3 * STEP + 5_000, 5),
])
def test_how_many_patches_a_sound_has(yamnet, samples, count):
    assert patches_of(yamnet, noise(4)[:samples]).shape == (count, 96, 64)


@pytest.mark.parametrize("size", [1, 7, 160, 4_000, STEP, PATCH, PATCH + 1, 20_000])
def test_patches_do_not_depend_on_the_size_of_the_blocks(yamnet, size):
    wave = noise(1.9 if size == 1 else 4.3)
    blocks = [wave[start:start + size] for start in range(0, len(wave), size)]
    assert patches_of(yamnet, *blocks, wave[:0]) == pytest.approx(patches_of(yamnet, wave), abs=1e-4)


def test_a_patch_holds_the_frames_of_its_place(yamnet):
    wave = noise(2.6)
    found = patches_of(yamnet, wave)
    assert len(found) == 4
    for number in range(3):
        part = wave[number * STEP:number * STEP + PATCH]
        assert found[number] == pytest.approx(yamnet.log_mel(part).numpy(), abs=1e-4)
    assert found[-1] == pytest.approx(yamnet.log_mel(wave[-PATCH:]).numpy(), abs=1e-4)  # the last ends with the sound


def test_a_long_stream_keeps_no_more_than_two_patches_of_sound(yamnet):
    stream = yamnet.patches()
    for number in range(12):
        for _ in stream.push(noise(5, number)):
            pass
        assert len(stream._kept) <= 2 * PATCH
    assert stream.samples == 12 * 80_000


@pytest.mark.parametrize("seconds", [1 / 16_000, 0.02, 0.5])
def test_short_sounds_have_tags(yamnet, seconds):
    tags = yamnet.heard(Audio(noise(seconds), 16_000), 5)
    assert len(tags) == 5
    assert all(0 <= tag.probability <= 1 for tag in tags)
    assert [tag.probability for tag in tags] == sorted((tag.probability for tag in tags), reverse=True)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_numbers_are_a_shape_error(yamnet, value):
    wave = noise(1)
    wave[100] = value
    with pytest.raises(ShapeError, match="NaN or infinity"):
        patches_of(yamnet, wave)


def test_no_sound_at_all_is_a_shape_error(yamnet):
    with pytest.raises(ShapeError, match="no sound"):
        patches_of(yamnet)
    with pytest.raises(ShapeError, match="no sound"):
        yamnet.heard(Audio(np.zeros(0, np.float32), 44_100))


def test_the_size_of_the_batch_changes_nothing(yamnet):
    patches = torch.from_numpy(patches_of(yamnet, noise(4)))
    embeddings, probabilities = yamnet.run(patches)
    alone = [yamnet.run(patch[None]) for patch in patches]
    assert embeddings.shape == (len(patches), 1024)
    assert probabilities.shape == (len(patches), 521)
    assert embeddings == pytest.approx(np.concatenate([e for e, _ in alone]), abs=1e-4)
    assert probabilities == pytest.approx(np.concatenate([p for _, p in alone]), abs=1e-5)


@pytest.mark.parametrize("threads", [1, 2])
def test_the_cpu_and_torch_give_the_same(yamnet, threads):
    """What runs on the CPU is another program than what runs on a GPU; noise, tones, clicks and silence through both."""
    time_s = np.arange(64_000) / 16_000
    waves = [noise(4), np.sin(2 * np.pi * 700 * time_s) * 0.5, (np.arange(64_000) % 8_000 == 0) * 1.0, np.zeros(64_000)]
    patches = torch.from_numpy(np.concatenate([patches_of(yamnet, wave.astype(np.float32)) for wave in waves] * 2))
    embeddings, probabilities = sound.on_torch(Weights(), torch.device("cpu"))(patches)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        found = yamnet.run(patches)
    finally:
        torch.set_num_threads(before)
    assert len(patches) > yamnet.batch
    assert found[0] == pytest.approx(embeddings, abs=1e-5 * float(np.abs(embeddings).max()))
    assert found[1] == pytest.approx(probabilities, abs=1e-5)
    assert np.sqrt(found[1]) == pytest.approx(np.sqrt(probabilities), abs=1e-5)  # near 0 too: the bridge takes the root


def test_a_net_that_is_short_of_memory_takes_fewer_patches_at_a_time(yamnet):
    encoder = sound.YAMNetEncoder(Weights(), "cpu", 8)
    session, sizes = encoder._net, []

    def short_of_memory(patches):
        sizes.append(len(patches))
        if len(patches) > 2:
            raise MemoryError("Failed to allocate memory for requested buffer of size 3932160000")
        return session(patches)

    encoder._net = short_of_memory
    patches = torch.from_numpy(patches_of(yamnet, noise(4)))
    for found, expected in zip(encoder.run(patches), yamnet.run(patches), strict=True):
        assert found == pytest.approx(expected, abs=1e-5)
    assert max(sizes) > 2 >= sizes[-1]


def test_what_onnxruntime_says_of_full_memory_is_a_memory_error():
    def full(*given):
        raise RuntimeError("Non-zero status code … Failed to allocate memory for requested buffer of size 3932160000")

    def broken(*given):
        raise RuntimeError("Non-zero status code … Got invalid dimensions for input")

    net = OnnxYAMNet(load_file(Weights().path("yamnet")))
    net._session = SimpleNamespace(run=full)
    with pytest.raises(MemoryError):
        net(np.zeros((1, 96, 64), np.float32))
    net._session = SimpleNamespace(run=broken)
    with pytest.raises(RuntimeError, match="dimensions"):
        net(np.zeros((1, 96, 64), np.float32))


def test_silence_and_noise_are_heard_as_what_they_are(yamnet):
    assert yamnet.heard(Audio(np.zeros(32_000, np.float32), 16_000))[0].name == "Silence"
    assert "noise" in yamnet.heard(Audio(noise(2), 16_000))[0].name.lower()


def test_there_are_521_classes_in_the_order_of_audioset(yamnet):
    assert len(yamnet.classes) == 521
    assert yamnet.classes[0] == "Speech"
    assert yamnet.classes[-1] == "Field recording"
    assert yamnet.spec.kind == "sound"
    assert yamnet.spec.dim == 1024 == sound.DIM


@pytest.mark.shared_data
@pytest.mark.parametrize(("folder", "names"), [
    ("001 - Dog bark", {"Dog", "Bark"}), ("002 - Rain", {"Rain", "Rain on surface"}),
    ("003 - Sea waves", {"Ocean", "Waves, surf"}), ("004 - Baby cry", {"Baby cry, infant cry", "Crying, sobbing"}),
    ("005 - Clock tick", {"Clock", "Tick", "Tick-tock"}), ("008 - Chainsaw", {"Chainsaw"}),
    ("009 - Rooster", {"Fowl", "Chicken, rooster", "Crowing, cock-a-doodle-doo"}),
    ("010 - Fire crackling", {"Fire", "Crackle"}),
])
def test_known_sounds_are_recognised(yamnet, shared_data, folder, names):
    """At least half of six recordings of a class have one of its names among their first five tags."""
    paths = sorted((shared_data / "sounds" / "esc10" / folder).glob("*.ogg"))[:6]
    right = sum(bool(names & {tag.name for tag in yamnet.heard(files.read(path), 5)}) for path in paths)
    assert right >= 3
