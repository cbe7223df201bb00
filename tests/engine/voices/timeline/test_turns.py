"""From pieces that have a speaker to turns: two at once, windows whose numbers change, what only the detector hears."""

from __future__ import annotations

import numpy as np
import pytest

from engine.voices.identification import Identifier
from engine.voices.timeline import local
from engine.voices.timeline.assignment import Heard
from engine.voices.timeline.local import frame_of
from engine.voices.timeline.recording import Recording
from engine.voices.timeline.regions import RATE_HZ, regions
from engine.voices.timeline.turns import who_spoke
from tests.engine.voices.timeline.test_local import heard

NOBODY = Identifier((), (), 0.75, 0.05)
SAID = np.eye(4, dtype=np.float32)


def recorded(*parts: tuple[int, float], also: tuple[tuple[float, float, int], ...] = (),
             voice: dict[int, int] | None = None) -> Recording:
    """parts: (class of the segmentation, seconds). also: (start, end, person) that only the detector hears. voice: of a person,
    where it is that of another."""
    found, samples = heard(*parts)
    speech = np.zeros(found.frames, bool)
    ends = np.cumsum([seconds for _, seconds in parts])
    for start_s, end_s, _ in also:
        speech[frame_of(np.array([start_s]))[0]:frame_of(np.array([end_s]))[0]] = True
    cut = regions(found, speech)
    vectors = np.zeros((len(cut.pieces), 4), np.float32)
    for at, piece in enumerate(cut.pieces):
        middle = (piece.start_s + piece.end_s) / 2
        people = local.CLASSES[parts[min(int(np.searchsorted(ends, middle)), len(parts) - 1)][0]]
        person = people[0] if people else next(who for start, end, who in also if start <= middle <= end)
        vectors[at] = SAID[(voice or {}).get(person, person)]
    places = np.array([(piece.start_s, piece.end_s) for piece in cut.pieces]).reshape(-1, 2)
    some = Heard(places[:, 0], places[:, 1], cut.of, vectors, np.ones(len(places), np.float32), np.zeros(len(places), bool))
    return Recording(samples / RATE_HZ, found, cut, speech, some, np.ones(len(places)), np.zeros(len(places), np.int64), -80.0)


def said(recording: Recording) -> list[tuple[int, float, float]]:
    """(track, start, end) to a tenth of a second."""
    return [(track, round(span.start_s, 1), round(span.end_s, 1)) for track, span in who_spoke(recording, NOBODY, 0.64)[1]]


def test_two_who_speak_at_once_both_have_the_floor():
    assert said(recorded((1, 4), (4, 2), (2, 4), (0, 2))) == [(0, 0.0, 6.0), (1, 4.0, 10.0)]


@pytest.mark.parametrize("offset_s", [0, 1, 7, 19.3])
def test_people_are_the_same_in_all_windows_of_a_long_talk(offset_s):
    found = said(recorded((0, offset_s + 0.1), (1, 9), (0, 2), (2, 9), (0, 6), (1, 8), (5, 3), (3, 9), (0, 12), (2, 5)))
    assert [track for track, _, _ in found] == [0, 1, 0, 2, 1]
    starts = np.array([start for _, start, _ in found]) - offset_s - 0.1
    assert starts == pytest.approx([0, 11, 26, 34, 58], abs=0.1)


def test_who_only_speaks_over_others_in_a_window_is_who_he_is_beside_it():
    found = said(recorded((2, 12), (1, 6), (4, 6), (1, 6)))
    assert found == [(0, 0.0, 12.0), (1, 12.0, 30.0), (0, 18.0, 24.0)]


def test_what_only_the_detector_hears_is_whose_pieces_lie_there():
    found = said(recorded((1, 3), (0, 4), (2, 3), (0, 4), also=((4, 6, 3), (10.5, 13, 0))))
    assert found == [(0, 0.0, 3.0), (1, 4.0, 6.0), (2, 7.0, 10.0), (0, 10.5, 13.0)]


def test_a_short_silence_ends_no_turn_and_a_click_is_none():
    assert said(recorded((1, 3), (0, 0.2), (1, 3), (0, 1), (1, 0.05), (0, 2))) == [(0, 0.0, 6.2)]


@pytest.mark.parametrize(("heard_s", "end_s"), [(4.08, 4.08), (4.3, 4.1), (4.35, 4.1), (4.6, 4.6)])
def test_what_the_segmentation_alone_hears_longer_than_the_detector_counts_where_it_is_long(heard_s, end_s):
    """The detector hears 4 s; the segmentation is believed up to 0.1 s after them, or where it hears 0.3 s more than that."""
    found = said(recorded((1, heard_s), (0, 3), also=((0.0, 4.0, 0),)))
    assert found == [(0, 0.0, pytest.approx(end_s, abs=0.05))]


def test_short_sounds_that_the_detector_does_not_hear_are_no_turns():
    assert said(recorded((1, 3), (0, 2), (2, 0.25), (0, 2), (2, 1.5), (0, 1), also=((0.0, 3.0, 0),))) == [
        (0, 0.0, 3.0), (1, 7.2, 8.7)]


def test_nothing_heard_is_no_turn():
    assert said(recorded((0, 5))) == []
    assert said(recorded((0, 0.01))) == []


def test_who_speaks_first_is_the_first_though_another_is_heard_alone_before():
    assert said(recorded((4, 1), (2, 3), (0, 1), (1, 3))) == [(0, 0.0, 1.0), (1, 0.0, 4.0), (0, 5.0, 8.0)]


def test_who_never_speaks_alone_is_somebody():
    assert said(recorded((0, 1), (4, 6), (0, 1))) == [(0, 1.0, 7.0)]


def test_one_person_in_two_numbers_gives_nobody_else_the_floor():
    found = said(recorded((1, 2.5), (4, 1), (2, 2.5), (0, 1), (3, 6), (0, 1), voice={1: 0}))
    assert found == [(0, 0.0, 6.0), (1, 7.0, 13.0)]
