"""Where a query is heard in a sound."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from engine.errors import Cancelled, DecodeError, UsageError
from engine.library.localise import windows
from engine.records import Audio, Term
from engine.tasks import Ticket
from tests.engine.library.conftest import RATE_HZ


@pytest.mark.parametrize("block", [7, 100, 1000, 5000])
def test_windows_are_the_same_whatever_the_blocks(block):
    wave = np.arange(1037, dtype=np.float32)
    cut = list(windows((wave[at:at + block] for at in range(0, len(wave), block)), 100, 50))
    assert [start for start, _ in cut] == [*range(0, 937, 50), 937]
    for start, part in cut:
        assert part.tolist() == wave[start:start + 100].tolist()


def test_short_sounds_are_one_window_and_nothing_none():
    assert [(s, len(w)) for s, w in windows(iter([np.ones(30, np.float32)]), 100, 50)] == [(0, 30)]
    assert [(s, len(w)) for s, w in windows(iter([np.ones(100, np.float32)]), 100, 50)] == [(0, 100)]
    assert list(windows(iter([]), 100, 50)) == []


def test_an_hour_is_cut_in_the_memory_of_a_block():
    import tracemalloc

    tracemalloc.start()
    blocks = (np.zeros(30 * RATE_HZ, np.float32) for _ in range(120))
    count = sum(1 for _ in windows(blocks, 2 * RATE_HZ, RATE_HZ))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 3599
    assert peak < 5 * 30 * RATE_HZ * 4


@pytest.fixture
def long_sound(world):
    """20 s: a low tone, with a high one from 8 s to 12 s."""
    time_s = np.arange(20 * RATE_HZ) / RATE_HZ
    high = (time_s >= 8) & (time_s < 12)
    wave = 0.5 * np.sin(2 * np.pi * np.where(high, 1900, 150) * time_s + 0.1)
    path = world.root / "long.wav"
    soundfile.write(path, wave, RATE_HZ)
    return path


def test_a_sound_is_followed_by_example_and_its_place_found(world, long_sound):
    example = world.tone("../example.wav", 1900)
    found = world.library.localise(long_sound, like=example)
    (span,) = found.spans
    assert (span.start_s, span.end_s) == (pytest.approx(8, abs=1), pytest.approx(12, abs=1))
    assert span.similarity == pytest.approx(max(found.similarities), abs=1e-6)
    assert (found.duration_s, len(found.similarities), found.query) == (20, 19, "example.wav")
    low = world.library.localise(long_sound, like=example, terms=[Term(like=long_sound, weight=-1)])
    assert low.spans[0].start_s >= 7


def test_cancelling_and_what_cannot_be_followed(world, long_sound):
    ticket = Ticket()
    ticket.cancel()
    with pytest.raises(Cancelled):
        world.library.localise(long_sound, "high", ticket=ticket)
    with pytest.raises(DecodeError):
        world.library.localise(world.root / "gone.wav", "high")
    with pytest.raises(UsageError):
        world.library.localise(long_sound, terms=[Term("high", weight=-1)])


def test_progress_tells_seconds_and_speed(world, long_sound):
    seen = []
    world.library.localise(long_sound, "high", ticket=Ticket(seen.append))
    assert (seen[-1].done, seen[-1].total, seen[-1].unit) == (20, 20, "× real time")


def test_with_the_true_encoder_a_chord_is_found_in_noise_and_no_dog(tmp_path):
    from engine.audio import files
    from engine.library import Library
    from engine.store import Store
    from tests.true_models import chord, models

    rng = np.random.default_rng(0)
    wave = rng.normal(0, 0.004, 30 * 16_000).astype(np.float32)
    wave[12 * 16_000:16 * 16_000] += 4 * chord(4.0).samples
    files.write(tmp_path / "long.wav", Audio(np.clip(wave, -0.99, 0.99), 16_000))
    with Store(tmp_path / "workspace") as store:
        library = Library(store, models().joint, lambda: models().joint().spec)
        found = library.localise(tmp_path / "long.wav", "music")
        best = max(found.spans, key=lambda span: span.similarity)
        assert 11 <= best.start_s < best.end_s <= 18
        assert library.localise(tmp_path / "long.wav", "a dog barking").spans == ()
