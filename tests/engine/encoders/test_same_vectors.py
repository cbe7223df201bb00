"""The same file twice, alone and in a batch, on one thread and two: the same vectors to 1e-5, in every joint space.

The program's own with their true weights; CLAP and a pair of ONNX files as small ones made here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.audio import files
from engine.encoders.clap import ClapEncoder
from engine.encoders.onnx_joint import OnnxPairEncoder
from engine.encoders.protocols import TextAudioEncoder
from engine.records import Audio
from tests.engine.encoders import small_clap, small_onnx
from tests.true_models import models

SECONDS = (0.02, 0.5, 3.3, 9.99, 61.0)


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Chirps and bursts of noise over soft noise at 44.1 kHz: flac files of 20 ms to a minute; and one of silence."""
    folder = tmp_path_factory.mktemp("sounds")
    rng = np.random.default_rng(7)
    paths = []
    for number, seconds in enumerate(SECONDS):
        time_s = np.arange(round(seconds * 44_100)) / 44_100
        wave = 0.3 * np.sin(2 * np.pi * (200 + 150 * number) * time_s * (1 + 0.1 * time_s))
        wave += rng.normal(0, 0.2, len(wave)) * (time_s % 4 > 2.5) + rng.normal(0, 0.01, len(wave))
        paths.append(folder / f"{number}.flac")
        files.write(paths[-1], Audio(wave.astype(np.float32), 44_100))
    files.write(folder / "silence.flac", Audio(np.zeros(44_100, np.float32), 44_100))
    return [*paths, folder / "silence.flac"]


@pytest.fixture(scope="module", params=["compact", "bridge", "clap", "onnx pair"])
def encoder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> TextAudioEncoder:
    if request.param in ("compact", "bridge"):
        return models().joint_named(request.param)
    folder = tmp_path_factory.mktemp("model") / "small"
    if request.param == "clap":
        return ClapEncoder(small_clap.write(folder), "cpu", ("Dog", "Rain"))
    return OnnxPairEncoder(small_onnx.write(folder, facts={"rate_hz": 16_000}), "cpu", ("Dog", "Rain"))


@pytest.fixture(params=[1, 2])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def expected(sounds: list[Path], encoder: TextAudioEncoder) -> list[np.ndarray]:
    """Each alone, in one block, on as many threads as there are."""
    return [encoder.analyse(iter([files.read(path, encoder.spec.rate_hz).samples])).vectors for path in sounds]


def test_alone_and_again(encoder, sounds, threads, expected):
    for path, vectors in zip(sounds, expected, strict=True):
        for _ in range(2):
            found = encoder.analyse(files.stream(path, encoder.spec.rate_hz, block_s=7))
            assert found.vectors == pytest.approx(vectors, abs=1e-5)


def test_in_a_batch_in_any_order(encoder, sounds, threads, expected):
    for order in (range(len(sounds)), reversed(range(len(sounds)))):
        chosen = list(order)
        found = encoder.analyse_many([files.stream(sounds[i], encoder.spec.rate_hz) for i in chosen])
        for place, one in zip(chosen, found, strict=True):
            assert not isinstance(one, Exception)
            assert one.vectors == pytest.approx(expected[place], abs=1e-5)


def test_texts_too(encoder, threads):
    texts = ["rain", "a dog barks far away " * 8, "a low hum"]
    together = encoder.embed_texts(texts)
    for text, vector in zip(texts, together, strict=True):
        assert encoder.embed_texts([text])[0] == pytest.approx(vector, abs=1e-5)


def test_they_are_not_all_the_same(expected):
    """What is compared above can tell sounds apart."""
    assert len(expected[-2]) == 12
    firsts = np.stack([vectors[0] for vectors in expected])
    for place, one in enumerate(firsts):
        assert np.abs(np.delete(firsts, place, axis=0) - one).max(axis=1).min() > 1e-3  # a hundred times what is allowed above
