"""Query arithmetic: what a question may hold, and what its terms do to the order of sounds."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import ShapeError, UsageError
from engine.library.terms import asked, combined, written
from engine.records import Term


def test_one_term_keeps_its_cosine():
    row = np.array([[0.3, -0.2, 0.9]], np.float32)
    assert combined(row, [1.0]).tolist() == row[0].tolist()
    assert combined(row, [0.1]).tolist() == row[0].tolist()


def test_two_plus_terms_want_both():
    both, first, second, neither = range(4)
    rows = np.array([[0.5, 0.9, 0.0, 0.0], [0.5, 0.0, 0.9, 0.0]], np.float32)
    order = np.argsort(-combined(rows, [1.0, 1.0]))
    assert order[0] == both
    assert order[-1] == neither
    assert {first, second} == set(order[1:3].tolist())


def test_the_scale_of_a_term_does_not_matter():
    rng = np.random.default_rng(0)
    rows = rng.random((2, 50))
    stretched = np.vstack([rows[0], 0.3 + 0.2 * rows[1]])
    assert np.argsort(combined(rows, [1, 1])).tolist() == np.argsort(combined(stretched, [1, 1])).tolist()


def test_a_minus_term_pushes_down_what_holds_it_and_leaves_the_rest_alone():
    plus = np.linspace(0.9, 0.5, 10)
    minus = np.zeros(10)
    minus[0] = 0.8
    score = combined(np.array([plus, minus]), [1.0, -1.0])
    assert np.argsort(-score)[:5].tolist() == list(range(1, 6))
    assert score[0] < plus[0] - 0.2
    assert score[1:] == pytest.approx(plus[1:], abs=1e-6)
    heavier = combined(np.array([plus, minus]), [1.0, -3.0])
    assert heavier[0] < score[0]
    assert heavier[1:] == pytest.approx(score[1:])


def test_a_minus_term_counts_for_a_whole_sound_by_its_nearest_span():
    plus = np.array([0.9, 0.2, 0.6, 0.5, 0.4, 0.3])  # the first sound has two spans, the others one
    minus = np.array([0.0, 0.8, 0.0, 0.0, 0.0, 0.0])
    apart = combined(np.array([plus, minus]), [1.0, -1.0])
    assert np.argmax(apart) == 0
    together = combined(np.array([plus, minus]), [1.0, -1.0], starts=np.array([0, 2, 3, 4, 5]))
    assert np.argmax(together) == 2
    assert together[0] > together[1]  # which span of it is shown is still said by what is looked for
    assert together[2:] == pytest.approx(apart[2:])
    both = combined(np.array([plus, minus]), [1.0, 1.0], starts=np.array([0, 2, 3, 4, 5]))
    assert both == pytest.approx(combined(np.array([plus, minus]), [1.0, 1.0]))


def test_weights_count_by_their_proportions():
    rows = np.random.default_rng(1).random((3, 20))
    assert combined(rows, [1, 0.5, -0.5]) == pytest.approx(combined(rows, [4, 2, -2]), abs=1e-6)
    light = combined(rows[:2], [1, 1e-6])
    assert np.corrcoef(light, rows[0])[0, 1] > 0.999


def test_large_differences_overflow_nothing():
    rows = np.vstack([np.r_[np.zeros(9999), 1.0], np.r_[1.0, np.zeros(9999)]])
    assert np.isfinite(combined(rows, [10, 10])).all()
    assert np.isfinite(combined(np.ones((2, 1)), [1, -1])).all()


@pytest.mark.parametrize("weights", [[1.0], [-1.0, -1.0]])
def test_weights_must_fit(weights):
    with pytest.raises(ShapeError):
        combined(np.ones((2, 3)), weights)


@pytest.mark.parametrize("terms", [
    [], [Term("dog", weight=-1)], [Term("dog"), Term(" DOG ", weight=-1)], [Term("dog", like=3)], [Term()],
    [Term("dog", weight=0)], [Term("dog", weight=float("nan"))], [Term("dog", weight=float("inf"))], [Term("dog", weight=11)],
    [Term("dog", weight=1e-300)],
    [Term("\x00\x07")], [Term("\ud800")], [Term(like=3), Term(like=3, weight=-0.5)]], ids=str)
def test_questions_without_sense_are_refused(terms):
    with pytest.raises(UsageError):
        asked(terms=terms)


def test_texts_are_cleaned_and_written():
    terms = asked("rain\x00 \ud800on  roof", terms=[Term("cave", weight=0.5), Term("speech", weight=-1)])
    assert [term.text for term in terms] == ["rain on roof", "cave", "speech"]
    assert written(terms) == "rain on roof + 0.5 × cave − speech"
