"""Where a query is heard in a sound."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.encoders.protocols import SoundAnalysis
from engine.errors import Cancelled, DecodeError, UsageError
from engine.library import general
from engine.library.localise import windows
from engine.records import Audio, EncoderSpec, Span, Term
from engine.tasks import Ticket
from tests.engine.library.conftest import RATE_HZ, PitchEncoder


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


class BandEncoder(PitchEncoder):
    """How strong a sound is in each of sixteen bands. share: of the vector that tells sounds apart; the rest is one direction
    that all sounds and texts have in common, as in spaces whose cosines lie close together."""

    def __init__(self, share: float = 1.0) -> None:
        super().__init__()
        self.spec = EncoderSpec("bands", f"{share}", "ab" * 32, "joint", 17, RATE_HZ)
        self.share = share

    def embed_texts(self, texts):
        rows = np.random.default_rng(1).random((len(texts), 16))
        rows[[text == "high" for text in texts]] = np.eye(16)[7]  # 1750 to 2000 Hz
        return self._placed(rows)

    def analyse(self, blocks):
        samples = np.concatenate(list(blocks))
        bands = np.array([np.abs(part).mean() for part in np.array_split(np.fft.rfft(samples), 16)])
        seconds = len(samples) / RATE_HZ
        return SoundAnalysis((Span(0, seconds),), self._placed(bands[None]), (), seconds)

    def _placed(self, rows):
        apart = self.share * rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return np.hstack([apart, np.full((len(rows), 1), np.sqrt(1 - self.share**2))]).astype(np.float32)


@pytest.fixture
def long_sound(world):
    """20 s: a low tone, with a high one from 8 s to 12 s."""
    time_s = np.arange(20 * RATE_HZ) / RATE_HZ
    high = (time_s >= 8) & (time_s < 12)
    wave = 0.5 * np.sin(2 * np.pi * np.where(high, 1900, 150) * time_s + 0.1)
    path = world.root / "long.wav"
    soundfile.write(path, wave, RATE_HZ)
    return path


@pytest.mark.parametrize("share", [1.0, 0.6])
def test_a_sound_is_followed_by_example_and_its_place_found(world, long_sound, share):
    world.encoder = BandEncoder(share)
    example = world.tone("../example.wav", 1900)
    found = world.library.localise(long_sound, like=example)
    (span,) = found.spans
    assert (span.start_s, span.end_s) == (pytest.approx(8, abs=1), pytest.approx(12, abs=1))
    assert span.similarity == pytest.approx(max(found.similarities), abs=1e-6)
    assert (found.duration_s, len(found.similarities), found.query) == (20, 19, "example.wav")
    low = world.library.localise(long_sound, like=example, terms=[Term(like=long_sound, weight=-1)])
    assert low.spans[0].start_s >= 7


@pytest.mark.parametrize("asked", ["high", "example"])
def test_places_do_not_depend_on_where_the_cosines_of_the_space_lie(world, long_sound, asked):
    found = []
    for share in (1.0, 0.6):
        world.encoder = BandEncoder(share)
        question = {"text": "high"} if asked == "high" else {"like": world.tone("../example.wav", 1900)}
        found.append(world.library.localise(long_sound, **question))
    wide, narrow = found
    assert wide.spans
    assert [(s.start_s, s.end_s) for s in wide.spans] == [(s.start_s, s.end_s) for s in narrow.spans]
    assert narrow.threshold == pytest.approx(0.64 + 0.36 * wide.threshold, abs=1e-3)


def test_the_general_sounds_are_kept_by_encoder(world, monkeypatch):
    from engine.synthesis import sounds as synthesis

    folder = world.root / "kept"
    first = general.sounds(world.encoder, folder)
    assert first.shape == (len(general.GENERAL_SOUNDS), world.encoder.spec.dim)
    monkeypatch.setattr(synthesis, "make_sounds", None)
    assert (general.sounds(world.encoder, folder) == first).all()
    with pytest.raises(TypeError):
        general.sounds(BandEncoder(), folder)


def test_general_sounds_that_are_made_in_another_way_are_embedded_again(world, monkeypatch, tmp_path):
    from engine.synthesis import sounds as synthesis

    inner, changed, folder = synthesis.make_sounds, tmp_path / "synthesis", world.root / "kept"
    monkeypatch.setattr(synthesis, "make_sounds", lambda names: inner(names=names[:1]) * len(names))
    general.sounds(world.encoder, folder)
    made = world.encoder.analysed
    general.sounds(world.encoder, folder)
    assert world.encoder.analysed == made
    shutil.copytree(Path(general.synthesis.__file__).parent, changed)
    (changed / "waves.py").write_text("# another wave\n")
    monkeypatch.setattr(general.synthesis, "__file__", str(changed / "__init__.py"))
    general.sounds(world.encoder, folder)
    assert world.encoder.analysed == 2 * made


def test_cancelling_and_what_cannot_be_followed(world, long_sound):
    ticket = Ticket()
    ticket.cancel()
    with pytest.raises(Cancelled):
        world.library.localise(long_sound, "high", ticket=ticket)
    with pytest.raises(DecodeError):
        world.library.localise(world.root / "gone.wav", "high")
    with pytest.raises(UsageError):
        world.library.localise(long_sound, terms=[Term("high", weight=-1)])


def test_the_thread_that_decodes_comes_home_when_it_is_cancelled(world, long_sound, monkeypatch):
    monkeypatch.setattr("engine.library.service.BLOCK_S", 1.0)  # more blocks than are decoded ahead
    monkeypatch.setattr("engine.library.localise.BATCH", 1)
    ticket = Ticket(lambda progress: ticket.cancel())
    with pytest.raises(Cancelled) as kept:
        world.library.localise(long_sound, "high", ticket=ticket)
    assert kept.tb and not [one for one in threading.enumerate() if one.name == "decode-ahead"]


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


@pytest.mark.slow
def test_an_hour_is_followed_in_the_memory_of_a_few_blocks(tmp_path):
    """Noise with three chords in it, in a file of its own; a text and a sound as question."""
    import psutil

    from engine.audio import files
    from engine.library import Library
    from engine.store import Store
    from tests.true_models import chord, models

    rng, at_s = np.random.default_rng(0), (600, 1801, 3500)
    music = 4 * chord(4.0).samples
    with soundfile.SoundFile(tmp_path / "hour.wav", "w", 16_000, 1, "PCM_16") as file:
        for minute in range(60):
            wave = rng.normal(0, 0.004, 60 * 16_000)
            for second in at_s:
                if second // 60 == minute:
                    wave[second % 60 * 16_000:][:len(music)] += music
            file.write(np.clip(wave, -0.99, 0.99))
    files.write(tmp_path / "chord.wav", chord(4.0))
    encoder = models().joint_named("compact")
    process, grown = psutil.Process(), []
    with Store(tmp_path / "workspace") as store:
        library = Library(store, lambda: encoder, lambda: encoder.spec)
        library.localise(tmp_path / "chord.wav", "music", like=tmp_path / "chord.wav")  # everything is loaded
        before = process.memory_info().rss
        ticket = Ticket(lambda progress: grown.append(process.memory_info().rss - before))
        found = library.localise(tmp_path / "hour.wav", "music", like=tmp_path / "chord.wav", ticket=ticket)
    assert (found.duration_s, len(found.similarities)) == (3600, 3599)
    best = sorted(sorted(found.spans, key=lambda span: -span.similarity)[:3], key=lambda span: span.start_s)
    for span, second in zip(best, at_s, strict=True):
        assert second - 1 <= span.start_s < span.end_s <= second + 6
    assert max(grown) < 150e6, "the whole hour at 16 kHz would be 230 MB"
