"""The shipped heads: unit vectors in one space, ranking as their card says, refused when damaged."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from engine.encoders import compact
from engine.errors import EncoderError, UsageError
from engine.nets.joint_heads import JointHeads
from engine.training.joint import texts
from engine.weights import Weights

HEADS = Path(compact.__file__).parents[2] / "resources" / "heads"


def test_heads_that_learned_nothing_are_the_bridge():
    heads = JointHeads(0.05).eval()
    rng = np.random.default_rng(3)
    probabilities = torch.from_numpy(rng.random((4, 521), np.float32)) ** 4
    with torch.no_grad():
        found = heads.audio(probabilities, torch.zeros(4, 1024), torch.zeros(4, 1024))
    bridge = F.normalize(F.normalize(probabilities.clamp_min(1e-6).sqrt(), dim=1)[:, :512], dim=1)
    torch.testing.assert_close(found, bridge, atol=1e-6, rtol=1e-5)


def test_the_shipped_heads_give_unit_vectors_of_512():
    heads = compact.load()
    with torch.no_grad():
        sounds = heads.audio(torch.rand(3, 521), torch.rand(3, 1024), torch.rand(3, 1024))
        words = heads.text(F.normalize(torch.randn(5, 384), dim=1))
    assert sounds.shape == (3, 512) and words.shape == (5, 512)
    torch.testing.assert_close(sounds.norm(dim=1), torch.ones(3))
    torch.testing.assert_close(words.norm(dim=1), torch.ones(5))


@pytest.mark.parametrize("harm", ["cut", "gone", "no json"])
def test_heads_that_are_not_what_they_were_are_refused(tmp_path, harm):
    for file in HEADS.glob("compact.*"):
        shutil.copy(file, tmp_path)
    weights = tmp_path / "compact.safetensors"
    if harm == "cut":
        weights.write_bytes(weights.read_bytes()[:-9])
    else:
        (weights if harm == "gone" else tmp_path / "compact.json").unlink()
    with pytest.raises(EncoderError, match="Install Earmark again"):
        compact.load(tmp_path)


def test_what_was_saved_is_what_is_loaded(tmp_path):
    heads = compact.load()
    compact.save(heads, tmp_path, {"version": "9"})
    again = compact.load(tmp_path)
    assert compact.described(tmp_path)["version"] == "9"
    for name, tensor in heads.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], tensor, atol=2e-3, rtol=2e-3)
    assert compact.spec(Weights(), tmp_path) != compact.spec(Weights())


def test_training_texts_that_are_missing_are_named(tmp_path):
    with pytest.raises(UsageError, match="wavtext5k"):
        texts.groups(tmp_path, ("wavtext5k",))
    with pytest.raises(UsageError, match="no texts called"):
        texts.groups(tmp_path, ("poems",))
