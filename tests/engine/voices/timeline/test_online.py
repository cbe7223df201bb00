"""Numbers of strangers on line, and turns that one odd step does not break: on vectors and labels made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from engine.records import Embedding, Span, Turn
from engine.voices.timeline.live_turns import BACK, LiveTurns
from engine.voices.timeline.online import MOST, MOST_SAMPLES, NEW_S, Strangers

DIM = 64


def person(number):
    return np.eye(DIM, dtype=np.float32)[number]


def like(vector, cosine, seed):
    """A unit vector that has this cosine to another."""
    other = np.random.default_rng(seed).normal(size=DIM).astype(np.float32)
    other -= (other @ vector) * vector
    return Embedding((cosine * vector + np.sqrt(1 - cosine ** 2) * other / np.linalg.norm(other)).astype(np.float32))


def say(strangers, who, seconds, seed=0, cosine=0.9):
    """One run of speech in steps of 0.25 s after the first second; what every step gave."""
    found = [strangers.hear(like(person(who), cosine, seed), 1.0, 1.0)]
    for step in range(1, round((seconds - 1) / 0.25) + 1):
        found.append(strangers.hear(like(person(who), cosine, seed + step), min(2.4, 1 + step * 0.25), 0.25))
    strangers.pause()
    return found


def test_a_number_comes_after_enough_speech_and_stays():
    strangers = Strangers(0.68)
    first = say(strangers, 0, 4)
    assert [one.number for one in first[:3]] == [None, None, 1]  # 1.0, 1.25, 1.5 s
    assert NEW_S == 1.5
    assert {one.number for one in first[2:]} == {1}
    assert [one.number for one in say(strangers, 1, 3, 100)][-1] == 2
    assert {one.number for one in say(strangers, 0, 3, 200)} == {1}  # from the first step on
    assert {one.number for one in say(strangers, 1, 3, 300)} == {2}
    assert len(strangers) == 2


def test_speech_that_is_not_like_itself_makes_no_number():
    strangers = Strangers(0.68)
    for step in range(20):
        assert strangers.hear(Embedding(person(step)), 2.4, 0.25).number is None
    assert len(strangers) == 0


def test_short_words_of_one_stranger_add_up():
    strangers = Strangers(0.68)
    assert say(strangers, 0, 1.0)[-1].number is None
    assert say(strangers, 0, 1.0, 50)[-1].number == 1


def test_what_a_voice_said_before_it_was_recognised_makes_no_stranger():
    strangers = Strangers(0.68)
    for run in range(4):
        assert strangers.hear(like(person(0), 0.9, run), 1.0, 1.0).number is None
        strangers.known(0.25)
        strangers.pause()
    assert len(strangers) == 0


def test_the_speech_of_somebody_else_in_the_window_makes_no_number():
    """A voice speaks, then a stranger without a pause: what the windows share with the voice does not count."""
    strangers = Strangers(0.68)
    strangers.known(4.0)
    numbers = [strangers.hear(like(person(0), 0.9, step), 2.4, 0.25).number for step in range(16)]
    first = next(at for at, number in enumerate(numbers) if number)
    assert numbers[first:] == [1] * (16 - first)
    assert 0.25 * (first + 1) == NEW_S
    assert len(strangers.get(1).samples) == 1  # the one window of 4 s that shares nothing with the voice


def test_two_numbers_that_are_one_person_become_the_older():
    """Speech between two strangers shows that they are one: the older number wins and nobody else is renumbered."""
    strangers = Strangers(0.68)
    one, two = np.zeros(DIM, np.float32), np.zeros(DIM, np.float32)
    one[0] = two[0] = np.sqrt(0.6)
    one[1] = two[2] = np.sqrt(0.4)  # cosine 0.6 to each other: two numbers
    between = (one + two) / np.linalg.norm(one + two)
    for vector in (one, person(9), two):
        for step in range(18):
            strangers.hear(Embedding(vector), min(2.4, 1 + step * 0.25), 1.0 if step == 0 else 0.25)
        strangers.pause()
    assert len(strangers) == 3
    merged = []
    for _ in range(400):
        found = strangers.hear(Embedding(between), 2.4, 0.25)
        merged += found.merged
        if merged:
            break
    assert merged == [(3, 1)]
    assert found.number == 1
    assert len(strangers) == 2
    assert strangers.get(2) is not None
    assert strangers.get(3) is None


def test_a_stranger_that_was_named_becomes_nobody_else():
    strangers = Strangers(same=0.95)
    say(strangers, 0, 6, cosine=1.0)
    say(strangers, 1, 6, cosine=1.0)
    strangers.keep_apart(1)
    strangers._same = -1.0  # everybody is alike now
    assert strangers.hear(Embedding(person(1)), 2.4, 0.25).merged == ()
    assert len(strangers) == 2


def test_memory_is_bounded():
    strangers = Strangers(0.68)
    for number in range(MOST + 5):
        vector = np.zeros(DIM + 16, np.float32)
        vector[number] = 1
        for _ in range(3):
            strangers.hear(Embedding(vector), 2.4, 1.0)
        strangers.pause()
    assert len(strangers) == MOST
    one = Strangers(0.68)
    for _ in range(4_000):
        one.hear(Embedding(person(0)), 2.4, 0.25)
    samples = one.get(1).samples
    assert MOST_SAMPLES / 2 <= len(samples) <= MOST_SAMPLES
    assert one.get(1).speech_s == pytest.approx(1000)
    assert one.get(1).likeness(person(0)) == pytest.approx(1)


def test_samples_share_no_sound():
    strangers = Strangers(0.68)
    for run in range(5):
        say(strangers, 0, 4, 50 * run)
    samples = strangers.get(1).samples
    assert 5 <= len(samples) <= 20 / 2.4
    assert sum(used for _, used in samples) <= 20


def test_likeness_is_the_mean_cosine_by_time():
    strangers = Strangers(same=-1.0)
    strangers.hear(Embedding(person(0)), 2.0, 2.0)
    strangers.hear(Embedding(person(1)), 1.0, 1.0)
    assert strangers.get(1).likeness(person(0)) == pytest.approx(2 / 3)


# --- turns ------------------------------------------------------------------------------------------------------------

ANNA, BERT, NOBODY = ("Anna", "match", None), ("Bert", "match", None), (None, "unknown", None)


def stranger(number):
    return (None, "unknown", number)


def steps(*labels, turns=None, start_s=1.0):
    """One step every quarter of a second, from a second of speech on."""
    turns = turns or LiveTurns()
    for at, label in enumerate(labels):
        turns.step(*label, start_s + at * 0.25, min(2.4, 1 + at * 0.25))
    return turns


def said(turns, names=()):
    return [(one.voice, one.stranger) for one in turns.all(dict(names))]


@pytest.mark.parametrize("odd", [BERT, NOBODY, stranger(2), ("Anna", "tentative", None)])
def test_one_odd_step_makes_no_turn(odd):
    turns = steps(*[ANNA] * 6, odd, *[ANNA] * 6)
    assert turns.all({}) == [Turn("Anna", "match", Span(0.0, 4.0))]


def test_two_steps_that_agree_make_a_turn_where_somebody_began():
    """Shown with the second step, a quarter of a second after the first; it begins half a window before the first."""
    turns = steps(*[ANNA] * 8, BERT)
    assert said(turns) == [("Anna", None)]
    turns.step(*BERT, 3.25, 2.4)
    assert said(turns) == [("Anna", None), ("Bert", None)]
    first, second = turns.all({})
    assert first.span.end_s == second.span.start_s == pytest.approx(2.75 - BACK * 2.4)
    assert second.span.end_s == 3.25


def test_odd_steps_that_disagree_do_not_hold_a_turn_forever():
    turns = steps(*[ANNA] * 6, *[BERT, stranger(1)] * 3, *[BERT] * 3)
    assert said(turns)[0] == ("Anna", None)
    assert said(turns)[-1] == ("Bert", None)


def test_the_first_step_of_a_run_is_shown_at_once_and_set_right_by_the_second():
    turns = steps(BERT)
    assert said(turns) == [("Bert", None)]
    assert said(steps(BERT, ANNA, ANNA)) == [("Anna", None)]


def test_a_stranger_without_a_number_yet_is_the_one_that_gets_it():
    turns = steps(NOBODY, NOBODY, NOBODY, stranger(1), stranger(1))
    assert turns.all({}) == [Turn(None, "unknown", Span(0.0, 2.0), 1)]


def test_after_a_pause_there_is_another_turn():
    turns = steps(*[ANNA] * 4)
    turns.pause()
    steps(*[ANNA] * 4, turns=turns, start_s=4.0)
    assert [one.span for one in turns.all({})] == [Span(0.0, 1.75), Span(3.0, 4.75)]


def test_merged_numbers_relabel_turns_and_touching_ones_become_one():
    turns = steps(*[stranger(1)] * 8, *[stranger(2)] * 8)
    turns.pause()
    steps(*[stranger(3)] * 4, turns=turns, start_s=10.0)
    assert said(turns) == [(None, 1), (None, 2), (None, 3)]
    turns.relabel([(2, 1)])
    assert said(turns) == [(None, 1), (None, 3)]
    assert turns.all({})[0].span == Span(0.0, 4.75)


def test_a_name_is_that_of_all_turns_of_a_stranger():
    turns = steps(*[stranger(1)] * 4)
    assert turns.all({1: "Carla"}) == [Turn("Carla", "match", Span(0.0, 1.75), 1)]
    assert turns.all({2: "Carla"}) == turns.all({})
