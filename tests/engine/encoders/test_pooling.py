"""Pooling by span: against the definition, whatever the portions, and full batches for the net."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from engine.encoders import pooling, sound
from engine.encoders.pooling import EMBEDDINGS, PROBABILITIES, SpanPool, pooled
from engine.errors import ShapeError


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, round(seconds * 16_000)).astype(np.float32)


def patch_count(samples: int) -> int:
    return max(1, (samples - sound.PATCH) // sound.STEP + 1)


@pytest.mark.parametrize("seconds", [0.02, 4.9, 10, 10.5, 15.1, 63])
@pytest.mark.parametrize("portion", [1, 7, 1000])
def test_a_span_pools_the_patches_whose_centre_it_holds(seconds, portion):
    samples = round(seconds * 16_000)
    rows = np.random.default_rng(1).normal(size=(patch_count(samples), 3)).astype(np.float32)
    pool = SpanPool()
    pool.samples = samples
    for start in range(0, len(rows), portion):
        pool.add({"a": rows[start:start + portion], "b": 2 * rows[start:start + portion, :1]})
    found = pool.result()
    centres_s = (np.arange(len(rows)) * sound.STEP + sound.PATCH / 2) / 16_000
    for place, span in enumerate(found.spans):
        inside = (centres_s >= span.start_s) & (centres_s < span.start_s + 10)
        if seconds > 1:
            assert inside.any()
        assert found.mean["a"][place] == pytest.approx(rows[inside].mean(axis=0), abs=1e-6)
        assert found.max["a"][place] == pytest.approx(rows[inside].max(axis=0), abs=0)
    assert found.mean["b"] == pytest.approx(2 * found.mean["a"][:, :1], abs=1e-6)
    assert found.mean["a"].dtype == found.max["a"].dtype == np.float32
    assert found.duration_s == pytest.approx(seconds, abs=1e-4)


def test_a_last_span_without_a_patch_takes_the_one_before():
    """A sound of 10.05 s: its second span begins at 5 s; were the last patch to end before 5 s, nothing would be in it."""
    pool = SpanPool()
    pool.samples = round(10.05 * 16_000)
    pool.add({"a": np.array([[1.0], [3.0]], np.float32)})
    found = pool.result()
    assert len(found.spans) == 2
    assert found.mean["a"].tolist() == [[2], [2]]
    assert found.max["a"].tolist() == [[3], [3]]


def test_without_a_patch_there_is_no_sound():
    with pytest.raises(ShapeError, match="no sound"):
        SpanPool().result()


def test_embeddings_and_probabilities_are_pooled_and_do_not_depend_on_company(yamnet):
    waves = [noise(1.2), noise(12, 1), noise(0.02, 2)]
    names = (EMBEDDINGS, PROBABILITIES)
    together = pooled(yamnet, [iter([wave]) for wave in waves], names)
    for wave, found in zip(waves, together, strict=True):
        alone = pooled(yamnet, [iter([wave[:7000], wave[7000:]])], names)[0]
        for name, dim in ((EMBEDDINGS, 1024), (PROBABILITIES, 521)):
            assert found.mean[name].shape == (len(found.spans), dim)
            assert found.mean[name] == pytest.approx(alone.mean[name], abs=1e-5)
            assert found.max[name] == pytest.approx(alone.max[name], abs=1e-5)
            assert (found.max[name] >= found.mean[name] - 1e-6).all()
    assert pooled(yamnet, [iter([waves[1]])])[0].mean.keys() == {PROBABILITIES}


def test_the_net_gets_full_batches_whatever_the_lengths_of_the_sounds(yamnet):
    sizes = []

    def run(patches):
        sizes.append(len(patches))
        return np.zeros((len(patches), 1024), np.float32), np.zeros((len(patches), 521), np.float32)

    counting = SimpleNamespace(batch=16, parallel=2, patches=yamnet.patches, run=run)
    waves = [noise(3), noise(31), noise(0.3), noise(9)]
    assert len(pooling.pooled(counting, [iter([wave]) for wave in waves])) == 4
    assert set(sizes[:-1]) == {16}
    assert 0 < sizes[-1] <= 16
