"""Who speaks, window by window, with a segmentation by hand: three people whose numbers change from window to window."""

from __future__ import annotations

import numpy as np
import pytest

from engine.nets import segmentation
from engine.voices.timeline import local
from engine.voices.timeline.local import FRAMES, HOP, PEOPLE, STEP, WINDOW, LocalListener, frame_of, time_of
from engine.voices.timeline.regions import CHUNK, PIECE_S, RATE_HZ, regions, speech_frames


class Told:
    """A segmenter that reads who speaks from the wave: samples hold the number of a class. Orders of the three change."""

    def __init__(self) -> None:
        self.asked = 0

    def classes(self, waves):
        found = []
        for wave in waves:
            order = np.roll(np.arange(PEOPLE), self.asked)
            self.asked += 1
            truth = wave[local.FIELD // 2::STEP][:segmentation.frames(len(wave))].round().astype(int)
            chances = np.zeros((len(truth), len(local.CLASSES)), np.float32)
            for at, number in enumerate(truth):
                people = tuple(sorted(int(order[person]) for person in local.CLASSES[number]))
                chances[at, local.CLASSES.index(people)] = 1
            found.append(chances)
        return found


def heard(*parts: tuple[int, float], block: int = 10**9):
    """parts: (class, seconds)."""
    wave = np.concatenate([np.full(round(seconds * RATE_HZ), number, np.float32) for number, seconds in parts])
    listener = LocalListener(Told())
    for start in range(0, len(wave), block):
        listener.push(wave[start:start + block])
    return listener.finish(), len(wave)


def test_its_numbers_are_those_of_the_net():
    assert (local.STEP, local.FIELD, local.CLASSES) == (segmentation.STEP, segmentation.FIELD, segmentation.PEOPLE)
    assert segmentation.frames(WINDOW) == FRAMES
    assert time_of(100) + STEP / RATE_HZ / 2 == pytest.approx(segmentation.middle_s(100))
    assert frame_of(np.array([time_of(at) for at in (0, 7, 1000)])).tolist() == [0, 7, 1000]


@pytest.mark.parametrize("seconds", [0.05, 0.5, 9.99, 10, 10.01, 12.4, 12.5, 31.7, 63])
@pytest.mark.parametrize("block", [10**9, 4000])
def test_every_frame_is_seen_and_belongs_to_one_window(seconds, block):
    found, samples = heard((1, seconds), block=block)
    missing = samples - (found.frames * STEP + local.FIELD - STEP) if found.frames else samples
    assert missing < STEP + (local.FIELD if not found.frames else 0)
    assert len(found.owner()) == found.frames
    for window in set(found.owner().tolist()):
        mine = np.flatnonzero(found.owner() == window) - window * HOP
        assert mine.min() >= 0 and mine.max() < found.lengths[window]
    assert found.own().sum(axis=1).tolist() == [1] * found.frames


def test_people_keep_their_numbers_from_window_to_window():
    found, _ = heard((1, 8), (0, 1), (2, 9), (4, 2), (1, 10), (2, 8))
    own = found.own()
    for start, end in ((0.5, 7.5), (9.5, 17.5), (20.5, 29.5), (30.5, 37)):
        at = frame_of(np.array([start, end]))
        assert (own[at[0]:at[1]] == own[at[0]]).all() and own[at[0]].sum() == 1
    first, second, third = (own[frame_of(np.array([at]))[0]] for at in (17.0, 19.0, 21.0))
    assert second.tolist() == (first | third).tolist() and second.sum() == 2
    assert not own[frame_of(np.array([8.5]))[0]].any()


def test_pieces_lie_where_one_speaks_alone():
    found, _ = heard((1, 4), (4, 2), (2, 0.7), (0, 2), (3, 0.1), (0, 3))
    speech = np.zeros(found.frames, bool)
    cut = regions(found, speech)
    spans = [(round(span.start_s, 1), round(span.end_s, 1)) for span in cut.pieces]
    assert spans == [(0.0, 1.5), (0.8, 2.2), (1.5, 3.0), (2.2, 3.8), (2.5, 4.0), (6.0, 6.7)]
    assert cut.of.tolist()[:5] == [cut.of[0]] * 5 and cut.of[5] != cut.of[0]
    assert all(span.duration_s <= PIECE_S + 1e-9 for span in cut.pieces)
    speech[frame_of(np.array([9.5]))[0]:] = True  # the detector hears somebody whom the segmentation does not
    assert regions(found, speech).pieces[-1].end_s == pytest.approx(11.8, abs=0.1)


@pytest.mark.parametrize(("pause_s", "expected"), [(0.2, 1), (0.5, 2)])
def test_a_short_pause_parts_nothing_and_a_longer_one_does(pause_s, expected):
    found, _ = heard((1, 1), (0, pause_s), (1, 1), (0, 1))
    assert len(set(regions(found, np.zeros(found.frames, bool)).of.tolist())) == expected


def test_speech_of_the_detector_by_frames():
    chances = [0.0] * 40
    chances[10:20] = [0.9, *[0.4] * 9]
    chances[30] = 0.9  # a click
    frames = 70
    found = speech_frames(chances, frames)
    middle = np.array([time_of(frame) for frame in range(frames)]) + STEP / RATE_HZ / 2
    assert found.tolist() == [10 * CHUNK <= at * RATE_HZ < 20 * CHUNK for at in middle]
    assert not speech_frames([], 3).any() and len(speech_frames([0.9], 0)) == 0
