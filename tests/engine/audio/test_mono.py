"""Channels that cancel each other, wherever in a file they begin to: nothing is lost, and no border is heard."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.audio import files
from engine.audio.decoding.mono import heard
from engine.audio.decoding.sndfile import READ_FRAMES
from engine.records import FloatArray
from tests.made_sounds import encode, speech_like

RATE_HZ = 16000
SECONDS = 17.0  # several pieces


def with_other(sound: FloatArray, gains: list[tuple[float, float]]) -> FloatArray:
    """Two channels: the sound, and the sound by a gain that holds from a second on. gains: (second, gain)."""
    other = np.zeros_like(sound)
    for start_s, gain in gains:
        other[round(start_s * RATE_HZ) :] = gain * sound[round(start_s * RATE_HZ) :]
    return np.stack([sound, other], axis=1)


def written(path: Path, both: FloatArray) -> FloatArray:
    if path.suffix == ".m4a":
        encode(path, "ipod", "aac", both, RATE_HZ)
    else:
        soundfile.write(path, both, RATE_HZ)
    return files.read(path).samples


def likeness(found: FloatArray, ideal: FloatArray) -> FloatArray:
    """Correlation in each tenth of a second."""
    count = min(len(found), len(ideal)) // 1600
    a, b = found[: count * 1600].reshape(count, -1), ideal[: count * 1600].reshape(count, -1)
    return np.sum(a * b, axis=1) / np.sqrt(np.sum(a * a, axis=1) * np.sum(b * b, axis=1) + 1e-12)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.m4a"])
@pytest.mark.parametrize("first", [1.0, 0.5])
@pytest.mark.parametrize("border_s", [8.5, 3.0, 12.287])
def test_a_file_that_cancels_only_from_somewhere_on(tmp_path: Path, name: str, first: float, border_s: float) -> None:
    sound = np.convolve(speech_like(SECONDS, RATE_HZ), np.ones(16, np.float32) / 8, "same").astype(np.float32)
    found = written(tmp_path / name, with_other(sound, [(0, first), (border_s, -first)]))
    alike = likeness(found, sound)
    at = int(border_s * 10)
    assert alike[: at - 1].min() > 0.95 and alike[at + 2 :].min() > 0.95  # the same polarity on both sides
    levels = np.sqrt(np.mean(found[: len(sound) // 1600 * 1600].reshape(-1, 1600) ** 2, axis=1)) / np.sqrt(
        np.mean(sound[: len(sound) // 1600 * 1600].reshape(-1, 1600) ** 2, axis=1))
    assert levels[: at - 1].min() > 0.7 and levels[at + 2 :].min() > 0.9 and levels.max() < 1.1
    steps = np.abs(np.diff(found))
    assert steps.max() < 1.2 * np.abs(np.diff(sound)).max() + 1e-3  # nowhere a click
    assert np.array_equal(np.concatenate(list(files.stream(tmp_path / name, block_s=0.37))), found)


@pytest.mark.parametrize("name", ["a.wav", "a.m4a"])
def test_what_is_heard_does_not_depend_on_where_reading_begins(tmp_path: Path, name: str) -> None:
    sound = speech_like(SECONDS, RATE_HZ)
    found = written(tmp_path / name, with_other(sound, [(0, -0.7), (4.1, 0.9), (8.3, -1), (12.28, 0.8)]))
    for start_s in (0.01, 3.9, 4.096, 4.2, 8.192, 8.25, 12.288, 12.3, 16.0):
        stretch = files.read(tmp_path / name, start_s=start_s, duration_s=0.6).samples
        first = round(start_s * RATE_HZ)
        assert np.allclose(stretch, found[first : first + len(stretch)], atol=1e-6), start_s


def test_the_louder_channel_is_taken_and_keeps_the_polarity_of_the_first() -> None:
    sound = speech_like(9, RATE_HZ)
    both = np.stack([0.45 * sound, -sound], axis=1)
    both[: 4 * RATE_HZ, 1] *= -1
    found = np.concatenate(list(heard(iter([both]), RATE_HZ)))
    assert np.allclose(found[: 4 * RATE_HZ - 2048], 0.725 * sound[: 4 * RATE_HZ - 2048], atol=1e-6)
    assert likeness(found, sound)[42:].min() > 0.99


def test_pauses_with_a_hum_of_opposite_polarity_follow_the_speech_around_them() -> None:
    """The mean takes such a hum away; in a pause it is all there is, and would be let in."""
    sound = speech_like(12, RATE_HZ)
    sound[np.arange(len(sound)) // RATE_HZ % 2 == 1] = 0
    hum = 0.003 * np.sin(2 * np.pi * 50 * np.arange(len(sound)) / RATE_HZ).astype(np.float32)
    found = np.concatenate(list(heard(iter([np.stack([sound + hum, sound - hum], axis=1)]), RATE_HZ)))
    assert np.allclose(found, sound, atol=1e-6)


@pytest.mark.parametrize("channels", [3, 6])
def test_more_channels_than_two(channels: int) -> None:
    sound = speech_like(9, RATE_HZ)
    gains = np.array([(-1.0) ** one for one in range(channels)], np.float32)
    gains[0] -= gains.sum()  # together nothing
    found = np.concatenate(list(heard(iter([sound[:, None] * gains]), RATE_HZ)))
    assert np.abs(likeness(found, sound)).min() > 0.99


@pytest.mark.parametrize("sizes", [(READ_FRAMES,), (1152,), (100_000, 7), (1,)])
def test_pieces_of_any_size_give_the_same(sizes: tuple[int, ...]) -> None:
    count = 3 * READ_FRAMES + 1234 if sizes != (1,) else 3000
    sound = speech_like(count / RATE_HZ, RATE_HZ)
    both = with_other(sound, [(0, 1), (5, -1)])
    pieces, at = [], 0
    while at < count:
        pieces.append(both[at : at + sizes[len(pieces) % len(sizes)]])
        at += len(pieces[-1])
    together = np.concatenate(list(heard(iter(pieces), RATE_HZ)))
    assert np.array_equal(together, np.concatenate(list(heard(iter([both]), RATE_HZ)))) and len(together) == count
