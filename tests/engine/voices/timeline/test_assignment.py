"""Grouping, the smoothed path, turns and the open set, on vectors whose answer is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from engine.records import Embedding, Sample, Voice
from engine.voices.identification import Identifier
from engine.voices.timeline import clustering
from engine.voices.timeline.assignment import Heard, assign, smoothed, speech_s
from engine.voices.timeline.clustering import cluster, numbered

DIM = 64
PEOPLE = np.linalg.qr(np.random.default_rng(0).normal(size=(DIM, DIM)))[0].T.astype(np.float32)  # at right angles


def near(person: int, count: int, seed: int = 0, spread: float = 0.06):
    vectors = PEOPLE[person] + np.random.default_rng([seed, person]).normal(0, spread, (count, DIM)).astype(np.float32)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def heard(*people: int, each: int = 10) -> Heard:
    """Turns of ten windows, each in a run of its own."""
    count = len(people) * each
    run = np.repeat(np.arange(len(people)), each)
    start = np.arange(count) * 0.4 + run * 3.0
    vectors = np.concatenate([near(person, each, seed=number) for number, person in enumerate(people)])
    return Heard(start, start + 1.6, run, vectors, np.ones(count, np.float32), np.zeros(count, bool))


def identifier(*people: int, threshold: float = 0.75) -> Identifier:
    voices = [Voice(10 + p, f"voice {p}", 0, "enrolled", datetime.now(UTC), 1, 3, 9.0) for p in people]
    samples = [Sample(0, 0, 10 + p, Embedding(v), 3.0, 1.0) for p in people for v in near(p, 3, seed=99)]
    return Identifier(voices, samples, threshold, 0.05)


def test_groups_are_found_without_their_number_and_numbered_as_they_appear():
    vectors = np.concatenate([near(3, 20), near(1, 5), near(3, 10, seed=1), near(2, 8)])
    assert cluster(vectors, 0.64).tolist() == [0] * 20 + [1] * 5 + [0] * 10 + [2] * 8
    assert cluster(vectors[:1], 0.64).tolist() == [0]
    assert cluster(vectors[:0], 0.64).tolist() == []
    assert numbered(np.array([5, -1, 2, 5])).tolist() == [0, -1, 1, 0]


def test_a_long_recording_clustered_in_parts_gives_the_same_groups(monkeypatch):
    rng = np.random.default_rng(1)
    people = rng.integers(0, 4, 400)
    vectors = np.stack([near(person, 1, seed=at)[0] for at, person in enumerate(people)])
    whole = cluster(vectors, 0.64)
    monkeypatch.setattr(clustering, "PART", 60)
    assert cluster(vectors, 0.64).tolist() == whole.tolist()
    assert len(set(zip(whole.tolist(), people.tolist(), strict=True))) == 4


def test_one_odd_window_makes_no_turn_and_a_real_change_does():
    likeness = np.full((30, 2), 0.5, np.float32)
    likeness[:15, 0] = likeness[15:, 1] = 0.8
    likeness[7] = (0.50, 0.53)
    assert smoothed(likeness, np.ones(30), np.zeros(30, np.int64)).tolist() == [0] * 15 + [1] * 15


def test_a_window_that_says_little_is_led_by_its_neighbours():
    likeness = np.tile(np.array([[0.8, 0.5]], np.float32), (9, 1))
    likeness[4] = (0.5, 0.8)
    run = np.zeros(9, np.int64)
    weight = np.ones(9)
    assert smoothed(likeness, weight, run)[4] == 1
    weight[4] = 0.2
    assert smoothed(likeness, weight, run)[4] == 0


def test_voices_are_named_and_the_others_are_strangers():
    found = assign(heard(0, 5, 1, 5, 6, 0), identifier(0, 1, 2), 0.64)
    assert [(track.voice_id, track.status) for track in found.tracks] == [
        (10, "match"), (None, "unknown"), (11, "match"), (None, "unknown")]
    assert found.label.reshape(6, 10).tolist() == [[0] * 10, [1] * 10, [2] * 10, [1] * 10, [3] * 10, [0] * 10]
    assert found.tracks[0].similarity > 0.75 > found.tracks[1].similarity


def test_with_nobody_enrolled_everybody_is_a_stranger_and_with_nothing_heard_nobody():
    found = assign(heard(4, 2, 4), identifier(), 0.64)
    assert [track.voice_id for track in found.tracks] == [None, None]
    assert found.label.reshape(3, 10)[:, 0].tolist() == [0, 1, 0]
    nothing = assign(Heard(np.zeros(0), np.zeros(0), np.zeros(0, np.int64), np.zeros((0, DIM), np.float32),
                           np.zeros(0, np.float32), np.zeros(0, bool)), identifier(0), 0.64)
    assert (nothing.tracks, len(nothing.label)) == ((), 0)


def test_a_threshold_that_nobody_reaches_names_nobody():
    found = assign(heard(0, 1), identifier(0, 1, threshold=0.999), 0.64)
    assert [track.voice_id for track in found.tracks] == [None, None]


@pytest.mark.parametrize(("of_three", "told"), [(0, False), (1, False), (2, True), (3, True)])
def test_whoever_is_heard_over_a_telephone_most_of_the_time_is_asked_about_as_such(of_three, told, monkeypatch):
    asked = []
    real = Identifier.identify

    def identify(self, query, speech_s, snr_db=None, narrow=False):
        asked.append(narrow)
        return real(self, query, speech_s, snr_db, narrow)

    monkeypatch.setattr(Identifier, "identify", identify)
    assign(replace(heard(0, each=12), narrow=np.arange(12) % 3 < of_three), identifier(0, 1), 0.64)
    assert set(asked) == {told}


def test_what_windows_share_counts_once():
    some = heard(0)
    assert speech_s(some, np.ones(10, bool)) == pytest.approx(9 * 0.4 + 1.6)
    assert speech_s(some, np.zeros(10, bool)) == 0


@pytest.mark.parametrize(("told", "expected"), [((1, None), 3), ((2, 2), 2), ((1, 1), 1), ((1, 2), 2), ((4, 4), 4), ((3, 6), 3)])
def test_how_many_people_there_are_can_be_told(told, expected):
    found = assign(heard(4, 2, 5, 4), identifier(), 0.64, told)
    assert len(found.tracks) == expected
    assert found.references.shape == (expected, DIM)


def test_a_group_that_says_next_to_nothing_goes_to_the_nearest():
    much, little = heard(4, each=30), near(2, 1)
    some = Heard(np.r_[much.start_s, 20.0], np.r_[much.end_s, 20.6], np.r_[much.run, 1], np.concatenate([much.vectors, little]),
                 np.ones(31, np.float32), np.zeros(31, bool))
    assert len(assign(some, identifier(), 0.64).tracks) == 1
    longer = Heard(some.start_s, np.r_[much.end_s, 21.5], some.run, some.vectors, some.norms, some.narrow)
    assert len(assign(longer, identifier(), 0.64).tracks) == 2


def test_a_piece_that_lies_over_a_change_of_speaker_is_nobody_of_its_own():
    start = np.arange(9) * 0.75
    both = near(4, 1) + near(2, 1)
    vectors = np.concatenate([near(4, 4), both / np.linalg.norm(both), near(2, 4)]).astype(np.float32)
    nine = Heard(start, start + 1.5, np.zeros(9, np.int64), vectors, np.ones(9, np.float32), np.zeros(9, bool))
    found = assign(nine, identifier(), 0.9)
    assert len(found.tracks) == 2


@pytest.mark.parametrize(("told", "most"), [((1, 1), 1), ((2, 2), 2), ((1, 2), 2), ((4, 4), 4), ((9, 9), 9)])
def test_no_more_people_than_were_told_also_where_voices_are_enrolled(told, most):
    found = assign(heard(0, 5, 1, 5, 2, 0), identifier(0, 1, 2), 0.64, told)
    assert 1 <= len(found.tracks) <= most
    assert len(found.label) == 60 and set(found.label.tolist()) == set(range(len(found.tracks)))


@pytest.mark.parametrize("told", [(20, 20), (5, 40), (100, 100)])
@pytest.mark.parametrize("people", [(4,), (4, 2), (4, 2, 5)])
def test_more_people_than_can_be_told_apart_are_no_fewer_than_are_found(told, people):
    assert len(assign(heard(*people), identifier(), 0.64, told).tracks) >= len(people)
    assert len(assign(heard(4, each=3), identifier(), 0.64, told).tracks) >= 1
