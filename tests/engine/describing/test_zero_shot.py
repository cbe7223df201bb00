"""Ranking labels: order, ties, probabilities, templates, and when none of them fits."""

from __future__ import annotations

import numpy as np
import pytest

from engine.describing.lists import TagList
from engine.describing.service import Describing
from engine.describing.zero_shot import LONGEST, SHARE, LabelMatcher, check_readable, checked_template
from engine.errors import ShapeError, UsageError
from engine.weights import Weights
from tests.engine.describing.conftest import DIM, Directions, sound
from tests.true_models import chord, models

LABELS = ["rain", "wind", "dog"]


def test_the_three_nearest_by_their_best_spans(directions):
    heard = sound([1, 0.1, 0.0], [0.2, 0, 1], [0, 0, 0, 1])
    found = LabelMatcher(directions, LABELS).rank(heard)
    assert [(one.label, one.span) for one in found.best] == [("rain", 0), ("dog", 1), ("wind", 0)]
    assert [one.similarity for one in found.best] == pytest.approx([heard[0, 0], heard[1, 2], heard[0, 1]])
    assert sum(one.probability for one in found.best) == pytest.approx(1)
    assert (found.nearer, found.fits) == (None, True)


def test_fewer_labels_than_asked_for_and_only_one(directions):
    heard = sound([0.3, 1])
    assert [one.label for one in LabelMatcher(directions, ["rain", "wind"]).rank(heard, 9).best] == ["wind", "rain"]
    (only,) = LabelMatcher(directions, ["rain"]).rank(heard).best
    assert only.probability == 1


def test_of_equal_labels_the_first_comes_first(directions):
    heard = sound([1, 1, 1])
    for order in (LABELS, LABELS[::-1]):
        found = LabelMatcher(directions, order).rank(heard)
        assert [one.label for one in found.best] == order
        assert [one.probability for one in found.best] == pytest.approx([1 / 3] * 3)


def test_probabilities_are_over_all_labels_not_only_those_shown(directions):
    matcher = LabelMatcher(directions, LABELS)
    heard = sound([1, 0.99, 0.98])
    assert matcher.rank(heard, 1).best[0] == matcher.rank(heard, 3).best[0]
    assert matcher.rank(heard, 1).best[0].probability < 0.6


def test_the_space_may_bring_its_own_temperature(directions):
    heard = sound([1, 0.9])
    sharp = LabelMatcher(directions, LABELS).rank(heard).best[0].probability
    directions.temperature = 1.0
    assert LabelMatcher(directions, LABELS).rank(heard).best[0].probability < sharp


def test_none_fits_where_more_than_a_share_of_the_captions_is_nearer(directions):
    heard = sound([1, 0.5])
    background = np.tile(sound([0, 0, 1]), (100, 1))
    for nearer in (0, int(100 * SHARE), int(100 * SHARE) + 1, 100):
        background[:nearer] = heard
        found = LabelMatcher(directions, LABELS, background=background).rank(heard)
        assert found.nearer == pytest.approx(nearer / 100)
        assert found.fits == (nearer <= 100 * SHARE)
    assert LabelMatcher(directions, LABELS, background=np.zeros((0, DIM), np.float32)).rank(heard).fits


@pytest.mark.parametrize(("template", "says"), [
    ("", "exactly once"), ("a sound", "exactly once"), ("{label} and {label}", "exactly once"), ("{}", "exactly once"),
    ("{Label}", "exactly once"), ("{label!r}", "exactly once"), ("{label:>9}", "exactly once"), ("{ label }", "exactly once"),
    ("x" * LONGEST + "{label}", f"may have {LONGEST}")])
def test_templates_that_are_none(directions, template, says):
    with pytest.raises(UsageError, match=says):
        LabelMatcher(directions, LABELS, template=template)


@pytest.mark.parametrize(("template", "text"), [
    ("the sound of {label}", "the sound of rain"), ("{{label}}", "{rain}"),
    ("{label} {0} {x.__class__} %s", "rain {0} {x.__class__} %s"),
    ("\ud800{label}\x00\n!", "rain !")])
def test_a_template_is_no_program(directions, template, text):
    LabelMatcher(directions, LABELS, template=template)
    assert directions.embedded[0] == text


def test_a_label_may_hold_braces_and_stand_for_another_text(directions):
    LabelMatcher(directions, ["a {label}", "b"], ["{0}", "wind"], "the {label}")
    assert directions.embedded == ["the {0}", "the wind"]
    assert checked_template("  {label}\n") == "{label}"


def test_what_cannot_be_ranked(directions):
    for labels in ([], ["rain", "rain"]):
        with pytest.raises(UsageError):
            LabelMatcher(directions, labels)
    matcher = LabelMatcher(directions, LABELS)
    with pytest.raises(UsageError):
        matcher.rank(sound([1]), 0)
    for vectors in (np.zeros((0, DIM), np.float32), np.zeros((2, DIM + 1), np.float32), np.zeros(DIM, np.float32)):
        with pytest.raises(ShapeError):
            matcher.rank(vectors)


@pytest.mark.parametrize("name", ["compact", "bridge"])
def test_with_the_true_encoders(tmp_path, name):
    """A chord is music among three, none of two that it is not; labels without a sign that is known are refused."""
    from engine.audio import files

    files.write(tmp_path / "chord.wav", chord())
    service = Describing(lambda: models().joint_named(name), Weights(), tmp_path / "kept")
    found = service.classify(tmp_path / "chord.wav", TagList.of(["dog barking", "music", "rain"])).ranking
    assert (found.best[0].label, found.fits) == ("music", True)
    assert not service.classify(tmp_path / "chord.wav", TagList.of(["a dog barking", "a chainsaw"])).ranking.fits
    with pytest.raises(UsageError, match="cannot read the label “狗叫”"):
        service.matcher(TagList.of(["rain", "狗叫"]))
    check_readable(models().joint_named(name), ("狗叫", "🐕"), ("a dog barking", "🐕"))


def test_pictograms_are_read_by_their_names():
    text = models().text()
    assert text.embed(["🐕"]) == pytest.approx(text.embed(["dog"]), abs=1e-5)
    assert text.reads("🔥") and text.reads("дождь") and not text.reads("狗叫") and not text.reads("\u200b")


def test_an_encoder_that_does_not_say_what_it_reads_is_taken_to_read_everything(directions):
    check_readable(directions, ("狗叫",), ("狗叫",))
    assert not hasattr(Directions, "reads")
