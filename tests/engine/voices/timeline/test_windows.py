"""Windows by hand: probabilities that say where speech is, and sound that says which sample is which."""

from __future__ import annotations

import numpy as np
import pytest

from engine.voices.timeline.windows import CHUNK, GAP_S, PAD_S, RATE_HZ, WindowCutter

CHUNK_S = CHUNK / RATE_HZ


def cut(*speech: tuple[float, float], length_s: float, block: int = 10**9):
    """The cutter after all, and its windows. speech: stretches with probability 1."""
    count = int(length_s / CHUNK_S)
    probabilities = np.zeros(count)
    for start_s, end_s in speech:
        probabilities[round(start_s / CHUNK_S):round(end_s / CHUNK_S)] = 1
    wave = np.arange(count * CHUNK, dtype=np.float32)
    cutter, windows, held = WindowCutter(), [], 0
    for start in range(0, len(wave), block):
        part = wave[start:start + block]
        held += len(part)
        done = held // CHUNK - (held - len(part)) // CHUNK
        first = (held - len(part)) // CHUNK
        windows += cutter.push(part, probabilities[first:first + done].tolist())
    return cutter, windows + cutter.finish()


def test_a_run_of_speech_is_cut_into_windows_that_overlap_and_the_last_ends_with_it():
    cutter, windows = cut((1, 4), length_s=6)
    (span,) = cutter.spans
    assert (span.start_s, span.end_s) == (pytest.approx(1 - PAD_S, abs=CHUNK_S), pytest.approx(4 + PAD_S, abs=CHUNK_S))
    starts = [window.span.start_s for window in windows]
    assert np.diff(starts)[:-1] == pytest.approx(0.4)
    assert {round(window.span.duration_s, 6) for window in windows} == {1.6}
    assert windows[-1].span.end_s == span.end_s
    for window in windows:
        assert window.wave[0] == round(window.span.start_s * RATE_HZ)
        assert len(window.wave) == round(window.span.duration_s * RATE_HZ)


def test_a_short_word_is_one_window_and_a_click_is_none():
    cutter, windows = cut((1, 1.6), (3, 3.05), length_s=5)
    assert [window.span for window in windows] == cutter.spans
    assert windows[0].span.duration_s == pytest.approx(0.6 + 2 * PAD_S, abs=2 * CHUNK_S)


def test_a_short_silence_ends_nothing_and_a_longer_one_does():
    assert len(cut((1, 2), (2 + GAP_S - 0.1, 4), length_s=6)[0].spans) == 1
    cutter, windows = cut((1, 2), (2 + GAP_S + 0.1, 4), length_s=6)
    assert len(cutter.spans) == 2
    assert [window.run for window in windows] == sorted(window.run for window in windows)
    assert cutter.spans[0].end_s <= cutter.spans[1].start_s


def test_speech_to_the_very_end_is_not_lost():
    cutter, windows = cut((1, 3), length_s=3)
    assert cutter.spans[0].end_s == pytest.approx(3, abs=CHUNK_S)
    assert windows[-1].span.end_s == cutter.spans[0].end_s


@pytest.mark.parametrize("block", [700, CHUNK, 5_000, 16_000])
def test_blocks_of_any_size_give_the_same_windows_and_little_is_held(block):
    speech = ((0.5, 3), (3.2, 7), (9, 9.5), (11, 12.9))
    whole, expected = cut(*speech, length_s=13)
    parts, windows = cut(*speech, length_s=13, block=block)
    assert parts.spans == whole.spans
    assert [(w.span, w.run, float(w.wave[0]), len(w.wave)) for w in windows] == [
        (w.span, w.run, float(w.wave[0]), len(w.wave)) for w in expected]


def test_an_hour_of_speech_is_not_kept_in_memory():
    cutter = WindowCutter()
    for _ in range(200):
        cutter.push(np.zeros(CHUNK * 30, np.float32), [1.0] * 30)
        assert len(cutter._wave) < 5 * RATE_HZ
    cutter = WindowCutter()
    for _ in range(200):
        cutter.push(np.zeros(CHUNK * 30, np.float32), [0.0] * 30)
        assert len(cutter._wave) < RATE_HZ
