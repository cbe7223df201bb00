"""Processors: which one is taken, and what happens when its memory is full."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.encoders import device
from engine.encoders.voice import GE2EEncoder
from engine.errors import UsageError
from engine.records import Audio
from engine.weights import Weights


def out_of_memory_above(limit, tried, error=torch.OutOfMemoryError):
    def run(batch):
        tried.append(batch)
        if batch > limit[0]:
            raise error("out of memory")
        return f"done with {batch}"
    return run


def test_a_full_memory_halves_the_batch_until_it_fits():
    tried = []
    assert device.in_batches(out_of_memory_above([10], tried), 64, pytest.fail) == "done with 8"
    assert tried == [64, 32, 16, 8]


@pytest.mark.parametrize("error", [torch.OutOfMemoryError, RuntimeError])  # MPS: "MPS backend out of memory (…)"
def test_below_one_it_falls_back_to_the_cpu_and_says_so(caplog, error):
    tried, limit = [], [0]

    def fall_back():
        limit[0] = 1_000

    with caplog.at_level("WARNING", logger="engine"):
        device.log.propagate, device.log.parent.propagate = True, True
        assert device.in_batches(out_of_memory_above(limit, tried, error), 5, fall_back) == "done with 1"
    assert tried == [5, 2, 1, 1]
    assert "CPU" in caplog.text


def test_other_errors_are_not_taken_for_a_full_memory():
    def run(batch):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="shapes"):
        device.in_batches(run, 8, pytest.fail)


def test_a_voice_is_embedded_all_the_same_when_memory_is_short(ge2e):
    """A net that takes two partials at a time: the encoder finds that out and gives the same vector."""
    encoder = GE2EEncoder(Weights(), "cpu")
    net, sizes = encoder._net, []

    def short_of_memory(frames):
        sizes.append(len(frames))
        if len(frames) > 2:
            raise torch.OutOfMemoryError("out of memory")
        return net(frames)

    noise = Audio(np.random.default_rng(0).normal(0, 0.05, 80_000).astype(np.float32), 16_000)
    encoder._net = short_of_memory
    assert encoder.embed(noise).vector == pytest.approx(ge2e.embed(noise).vector, abs=1e-5)
    assert sizes[0] > 2 >= sizes[-1]


def test_the_device_that_is_asked_for_is_taken_or_refused_in_words():
    assert device.resolve("cpu").type == "cpu"
    assert device.resolve("auto").type in ("cpu", "cuda", "mps")
    with pytest.raises(UsageError, match="auto, cpu, cuda or mps"):
        device.resolve("tpu")
    for name, there in (("cuda", torch.cuda.is_available()), ("mps", torch.backends.mps.is_available())):
        if not there:
            with pytest.raises(UsageError, match=f"no {name} device"):
                device.resolve(name)


def test_the_cpu_is_named_with_its_threads(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    assert device.label(torch.device("cpu")) == "CPU · 1 thread"
    monkeypatch.setattr(torch, "get_num_threads", lambda: 8)
    assert device.label(torch.device("cpu")) == "CPU · 8 threads"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_gives_the_vectors_of_the_cpu(ge2e):
    noise = Audio(np.random.default_rng(0).normal(0, 0.05, 80_000).astype(np.float32), 16_000)
    assert GE2EEncoder(Weights(), "cuda").embed(noise).vector == pytest.approx(ge2e.embed(noise).vector, abs=1e-3)
