"""The cohort: what is kept of it, what comes with Earmark, and what back-ends do with it on made voices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.encoders.models import VOICE
from engine.errors import EncoderError
from engine.records import EncoderSpec
from engine.voices import cohort
from engine.voices.backends import Scale, all_backends
from engine.voices.cohort import Statistics, low_rank
from engine.voices.probability import Calibration
from tests.true_models import models

SPEC = EncoderSpec("made", "1", "ab" * 32, "voice", 4, 16_000)


def kept():
    return Statistics(np.array([0.5, 0.5, 0.5, 0.5]), low_rank(np.diag([4.0, 3.0, 1.0, 1.0]) / 100, 2),
                      low_rank(np.eye(4) / 50, 1))


def test_low_rank_keeps_the_strong_axes_and_the_trace():
    made = low_rank(np.diag([1.0, 9.0, 2.0, 3.0]), 1)
    assert made.matrix() == pytest.approx(np.diag([2.0, 9.0, 2.0, 2.0]))


def test_strangers_are_drawn_again_the_same_and_spread_as_told():
    background = kept().background(strangers=4000)
    assert (background.strangers == kept().background(strangers=4000).strangers).all()
    assert np.linalg.norm(background.strangers, axis=1) == pytest.approx(np.ones(4000), abs=1e-5)
    assert (background.strangers != kept().background(strangers=4000, seed=8).strangers).any()


def test_what_is_saved_is_read_again(tmp_path):
    files = cohort.save(tmp_path, "made", SPEC, kept(), {"lda": Scale(1.0, 2.0, 3.0)}, {"lda": Calibration(1, 2, 3, 4)},
                        ["b", "a"], {"seed": 7, "people": 9})
    assert [f.name for f in files] == ["made.safetensors", "made.json"]
    found = cohort.read(tmp_path, "made")
    assert (found.encoder, found.files, found.card["people"]) == (SPEC.sha256, {"a", "b"}, 9)
    assert (found.scales, found.calibrations) == ({"lda": Scale(1.0, 2.0, 3.0)}, {"lda": Calibration(1, 2, 3, 4)})
    assert found.background.within == pytest.approx(kept().background().within, abs=1e-7)
    assert found.background.channel is None
    cohort.save(tmp_path, "other", SPEC, replace(kept(), channel=np.eye(4)[:2]), {}, {}, [], {})
    assert (cohort.read(tmp_path, "other").background.channel == np.eye(4)[:2]).all()
    files[0].write_bytes(b"no")
    with pytest.raises(EncoderError, match="Install Earmark again"):
        cohort.read(tmp_path, "made")


@pytest.mark.parametrize("name", list(VOICE))
def test_every_encoder_of_the_program_has_statistics_that_hold_no_vector_of_a_person(name):
    spec = models().voice_spec(name)
    found = cohort.shipped(spec)
    assert found is not None and found.encoder == spec.sha256
    assert cohort.shipped(SPEC) is None
    assert found.card["people"] > 100 and len(found.files) == found.card["people"]
    # fewer numbers than a fifth of the people's vectors, and drawn strangers are no nearer to who was in than to who was not
    statistics = found.statistics
    assert len(statistics.within.axes) + len(statistics.between.axes) + 1 < found.card["people"] / 5
    assert statistics.channel is not None and len(statistics.channel) == 5  # of what channels do, whoever speaks
    assert found.card["recognisable"]["nearest"]["ci95"][0] < 0.55
    assert found.card["recognisable"]["energy"]["ci95"][0] < 0.6
    assert set(found.scales) == set(found.calibrations) == {backend.name for backend in all_backends()}
