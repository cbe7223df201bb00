"""Loading: each encoder once, when it is asked for, and a clear word where its weights are not there."""

from __future__ import annotations

import threading

import pytest

from engine.encoders.models import Models
from engine.errors import UsageError, WeightsMissing
from engine.weights import Weights


def test_an_encoder_is_loaded_once_however_many_ask():
    made = Models(Weights(), "cpu")
    assert made.ready == frozenset()
    found = []
    asking = [threading.Thread(target=lambda: found.append(made.voice())) for _ in range(4)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert len({id(one) for one in found}) == 1
    assert made.ready == {"voice"}


def test_specs_are_known_without_weights(tmp_path):
    made = Models(Weights(tmp_path), "cpu")
    assert made.spec("voice").dim == 192
    assert made.spec("joint").dim == 512  # Models by itself knows no settings: the default
    assert made.joint_spec("bridge").dim == 521
    assert made.ready == frozenset()


@pytest.mark.parametrize(("kind", "name"), [
    ("voice", "campplus"), ("sound", "yamnet"), ("text", "minilm"), ("joint", "yamnet")])
def test_missing_weights_name_the_command_that_gets_them(tmp_path, kind, name):
    made = Models(Weights(tmp_path), "cpu")
    with pytest.raises(WeightsMissing, match=f"models fetch {name}"):
        getattr(made, kind)()
    assert made.ready == frozenset()


def test_another_processor_means_loading_again():
    made = Models(Weights(), "auto")
    first = made.voice()
    made.use_device("auto")
    assert made.voice() is first
    made.use_device("cpu")
    assert made.ready == frozenset()
    assert made.voice() is not first
    made.use_device("tpu")
    with pytest.raises(UsageError):
        made.voice()


def test_what_was_loading_for_another_processor_is_not_kept(monkeypatch):
    made = Models(Weights(), "auto")

    def slow(weights, device):
        if device == "auto":
            made.use_device("cpu")  # while it loads
        return device

    monkeypatch.setattr("engine.encoders.campplus.CAMPlusPlusEncoder", slow)
    assert made.voice() == "auto"
    assert made.ready == frozenset()
    assert made.voice() == "cpu"
