"""Made sounds: well-formed, deterministic, written whole, and found by the words for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.audio.resample import resample
from engine.encoders.models import Models
from engine.errors import Cancelled, UsageError, WeightsMissing
from engine.synthesis.sounds import CATALOGUE, SEARCHES, MadeSound, make_sounds, write_library
from engine.tasks import Progress, Ticket
from engine.weights import Weights


@pytest.fixture(scope="module")
def sounds() -> list[MadeSound]:
    return make_sounds()


def test_every_sound_is_well_formed(sounds: list[MadeSound]) -> None:
    assert len(sounds) >= 60
    assert len({sound.name for sound in sounds}) == len(sounds)
    for sound in sounds:
        samples = sound.audio.samples
        assert sound.audio.rate_hz == 44_100 and samples.dtype == np.float32 and np.isfinite(samples).all(), sound.name
        assert np.abs(samples).max() == pytest.approx(0.7, abs=1e-3), sound.name
        assert 0.3 <= sound.audio.duration_s <= 25, sound.name
        assert abs(float(samples[-1])) < 0.05, sound.name
        assert abs(float(samples.mean())) < 0.03, sound.name
        assert len(sound.description) > 8 and "  " not in sound.description
        assert "/" not in sound.name and sound.name == sound.name.strip()
    assert sum(sound.audio.duration_s >= 20 for sound in sounds) >= 3


def test_long_sounds_hold_their_event_in_the_middle(sounds: list[MadeSound]) -> None:
    sound = next(s for s in sounds if s.name == "quiet room with a telephone ringing")
    seconds = sound.audio.samples[: 20 * 44_100].reshape(20, -1)
    level = np.sqrt((seconds**2).mean(axis=1))
    assert level[9:12].min() > 10 * level[:8].max()


def test_same_seed_same_samples_alone_or_together(sounds: list[MadeSound]) -> None:
    for name in ("rain", "drum beat"):
        alone = make_sounds(names=(name,))[0]
        together = next(sound for sound in sounds if sound.name == name)
        np.testing.assert_array_equal(alone.audio.samples, together.audio.samples)
        assert not np.array_equal(alone.audio.samples, make_sounds(seed=1, names=(name,))[0].audio.samples)
    with pytest.raises(UsageError):
        make_sounds(names=("a sound nobody made",))


def test_searches_name_sounds_that_exist() -> None:
    names = {name for name, _, _ in CATALOGUE}
    assert len(SEARCHES) >= 12
    assert all(set(expected) <= names for _, expected in SEARCHES)


@pytest.mark.slow
def test_a_cancelled_library_goes_on_where_it_stopped(tmp_path: Path) -> None:
    def stop(progress: Progress) -> None:
        if progress.done >= 3:
            ticket.cancel()

    ticket = Ticket(stop)
    with pytest.raises(Cancelled):
        write_library(tmp_path / "sounds", ticket)
    written = sorted((tmp_path / "sounds").iterdir())
    assert 1 <= len(written) <= 4 and all(path.suffix == ".wav" for path in written)
    kept = {path: path.stat().st_mtime_ns for path in written}

    paths = write_library(tmp_path / "sounds")
    assert len(paths) == len(CATALOGUE) and sorted((tmp_path / "sounds").iterdir()) == sorted(paths)
    assert {path: path.stat().st_mtime_ns for path in written} == kept
    info = soundfile.info(paths[0])
    assert (info.samplerate, info.channels, info.subtype) == (44_100, 1, "PCM_16")
    read, _ = soundfile.read(paths[0], dtype="float32")
    made = make_sounds(names=(paths[0].stem,))[0].audio.samples
    np.testing.assert_allclose(read, made, atol=1 / 32_000)


@pytest.mark.slow
def test_sounds_are_found_by_words(sounds: list[MadeSound]) -> None:
    try:
        joint = Models(Weights(), "cpu").joint()
    except WeightsMissing as missing:
        pytest.skip(str(missing))
    spans = [joint.analyse(iter([resample(s.audio.samples, 44_100, 16_000)])).vectors for s in sounds]
    queries = joint.embed_texts([query for query, _ in SEARCHES])
    lost = {}
    for (query, expected), vector in zip(SEARCHES, queries, strict=True):
        best = np.array([float((rows @ vector).max()) for rows in spans])
        first = [sounds[i].name for i in np.argsort(-best, kind="stable")[:3]]
        if not set(expected) & set(first):
            lost[query] = first
    assert not lost
