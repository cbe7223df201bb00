"""Voices are named by who speaks, whatever the level, offset, rumble and container of a recording."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.app import Earmark
from engine.audio import files
from engine.audio.microphone import FileSource
from engine.errors import Clipped
from engine.records import Audio, FloatArray
from engine.voices.takes import judge
from tests.made_sounds import make
from tests.true_models import models, spoken

READERS = ("1688", "2033")
ALIKE, CODED = 0.05, 0.1  # what coding with loss leaves out hangs on the level
ANNA, BERT = 1, 2


def opened(folder: Path, encoder: str) -> Earmark:
    app = Earmark(folder, "cpu")
    for kind in ("speech", "sound"):
        app.models._loaded[kind] = getattr(models(), kind)()
    app.models._loaded[f"voice {encoder}"] = models().voice_named(encoder)
    app.use_voice(encoder)
    return app


@pytest.fixture(scope="module", params=["ge2e", "campplus"])
def readers(request: pytest.FixtureRequest, shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Earmark]:
    """A workspace of each encoder with two readers."""
    with opened(tmp_path_factory.mktemp("readers") / "w", request.param) as app:
        for name in READERS:
            app.voices.enroll_files(name, readings(shared_data, name)[:3])
        yield app


def enroll(app: Earmark) -> None:
    for voice, name in ((ANNA, "Anna"), (BERT, "Bert")):
        made = app.voices.begin(name)
        for take in range(2):
            app.voices.add_take(made.id, spoken(voice, take))
        app.voices.finish(made.id)


def readings(shared_data: Path, name: str) -> list[Path]:
    return sorted((shared_data / "speech" / "librispeech-10x10" / name).glob("*.flac"))


def at(x: FloatArray, level_dbfs: float) -> FloatArray:
    """At this level, all of it (its speech lies a little higher)."""
    return np.asarray(x * (10 ** (level_dbfs / 20) / np.sqrt(np.mean(np.square(x, dtype=np.float64)))), np.float32)


def peak_at(x: FloatArray, peak_dbfs: float) -> FloatArray:
    return np.asarray(x * (10 ** (peak_dbfs / 20) / np.max(np.abs(x))), np.float32)


def with_rumble(x: FloatArray) -> FloatArray:
    time_s = np.arange(len(x)) / 16_000
    return np.asarray(x + 0.2 * np.sin(2 * np.pi * 17 * time_s) + 0.1 * np.sin(2 * np.pi * 9 * time_s), np.float32)


CHANGES: dict[str, tuple[str, str, Callable[[FloatArray], FloatArray]]] = {
    "peaks of +20 dB": ("a.wav", "FLOAT", lambda x: peak_at(x, 20)),
    "peaks of +12 dB": ("a.wav", "FLOAT", lambda x: peak_at(x, 12)),
    "peaks of +6 dB, doubles": ("a.wav", "DOUBLE", lambda x: peak_at(x, 6)),
    "peaks at full scale": ("a.flac", "PCM_16", lambda x: peak_at(x, -0.1)),
    "a broadcast": ("a.wav", "PCM_16", lambda x: np.clip(at(x, -16), -0.89, 0.89)),
    "a memo": ("a.wav", "PCM_16", lambda x: at(x, -50)), "a memo, flac": ("a.flac", "PCM_24", lambda x: at(x, -50)),
    "a very quiet memo": ("a.wav", "FLOAT", lambda x: at(x, -75)),
    "an offset of 2 %": ("a.wav", "PCM_16", lambda x: x + np.float32(0.02)),
    "an offset of 30 %": ("a.wav", "PCM_16", lambda x: peak_at(x, -6) + np.float32(0.3)),
    "an offset of −30 %, flac": ("a.flac", "PCM_16", lambda x: peak_at(x, -6) - np.float32(0.3)),
    "an offset beyond full scale": ("a.wav", "FLOAT", lambda x: x + np.float32(2)),
    "a quiet memo with an offset": ("a.wav", "PCM_16", lambda x: at(x, -45) + np.float32(0.1)),
    "rumble": ("a.wav", "PCM_16", with_rumble), "rumble, aiff": ("a.aiff", "PCM_16", with_rumble)}


@pytest.mark.shared_data
@pytest.mark.parametrize("change", CHANGES)
def test_the_same_reader_has_the_same_name(readers: Earmark, shared_data: Path, tmp_path: Path, change: str) -> None:
    name, subtype, changed = CHANGES[change]
    for reader in READERS:
        for path in readings(shared_data, reader)[4:6]:
            asked = readers.voices.identify_file(path)
            samples, rate_hz = soundfile.read(path, dtype="float32")
            soundfile.write(tmp_path / name, changed(samples), rate_hz, subtype=subtype)
            found = readers.voices.identify_file(tmp_path / name)
            assert (found.voice, asked.voice) == (reader, reader)
            assert found.similarity == pytest.approx(asked.similarity, abs=ALIKE)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.opus", "a.m4a", "a.mp3"])
@pytest.mark.parametrize(("level_dbfs", "offset"), [(-26, 0.1), (-12, 0.0), (-45, 0.0)])
def test_made_voices_too_in_every_container(
        earmark: Earmark, tmp_path: Path, name: str, level_dbfs: float, offset: float) -> None:
    enroll(earmark)
    make(tmp_path / f"plain{name}", spoken(ANNA, 3).samples)
    make(tmp_path / name, at(spoken(ANNA, 3).samples, level_dbfs) + np.float32(offset))
    asked, found = (earmark.voices.identify_file(tmp_path / one) for one in (f"plain{name}", name))
    assert (found.voice, asked.voice) == ("Anna", "Anna")
    assert found.similarity == pytest.approx(asked.similarity, abs=ALIKE if name in ("a.wav", "a.flac") else CODED)


@pytest.mark.parametrize("peak_dbfs", [3, 12, 20])
def test_a_loud_take_of_floats_is_enrolled_and_not_called_cut_off(earmark: Earmark, tmp_path: Path, peak_dbfs: float) -> None:
    soundfile.write(tmp_path / "a.wav", peak_at(spoken(ANNA).samples, peak_dbfs), 16_000, subtype="FLOAT")
    quality = judge(files.read(tmp_path / "a.wav"), models().speech())
    assert (quality.clipped, quality.clipping_ok) == (0, True)
    level = judge(spoken(ANNA), models().speech()).level_dbfs
    moved_db = peak_dbfs - 20 * np.log10(np.max(np.abs(spoken(ANNA).samples)))
    assert quality.level_dbfs == pytest.approx(level + moved_db, abs=0.2), "the level of the recording is told"
    if quality.level_dbfs > -8:
        assert "Very loud" in quality.level_advice
    taken, = earmark.voices.enroll_files("Anna", [tmp_path / "a.wav"])
    assert taken.clipped == 0
    assert earmark.voices.identify(spoken(ANNA, 3)).voice == "Anna"


def test_what_is_kept_of_a_loud_take_is_not_cut_off_either(earmark: Earmark) -> None:
    loud = Audio(peak_at(spoken(ANNA).samples, 12), 16_000)
    made = earmark.voices.begin("Anna")
    take = earmark.voices.add_take(made.id, loud, keep=True)
    assert earmark.voices.recording(take.id).samples == pytest.approx(loud.samples, rel=1e-6)


@pytest.mark.parametrize("offset", [0.02, 0.1, -0.3])
@pytest.mark.parametrize("level_dbfs", [-50, -26, -16])
def test_an_offset_counts_neither_as_level_nor_as_noise(offset: float, level_dbfs: float) -> None:
    samples = at(spoken(ANNA).samples, level_dbfs)
    plain, moved = (judge(Audio(one, 16_000), models().speech()) for one in (samples, samples + np.float32(offset)))
    assert moved.level_dbfs == pytest.approx(plain.level_dbfs, abs=0.2)
    assert moved.snr_db == pytest.approx(plain.snr_db, abs=1)
    assert moved.speech_s == pytest.approx(plain.speech_s, abs=0.2)


@pytest.mark.parametrize("gain_db", [0, -6, -20, -40])
@pytest.mark.parametrize("offset", [0.0, 0.2])
def test_a_take_that_was_cut_off_and_turned_down_is_refused(earmark: Earmark, gain_db: float, offset: float) -> None:
    gain = np.float32(10 ** (gain_db / 20) * (0.7 if offset else 1))
    samples = np.clip(spoken(ANNA).samples * np.float32(30), -1, 1) * gain
    made = earmark.voices.begin("Anna")
    with pytest.raises(Clipped):
        earmark.voices.add_take(made.id, Audio(samples + np.float32(offset), 16_000))


def test_live_an_offset_and_a_loud_voice_are_no_matter(earmark: Earmark, tmp_path: Path) -> None:
    enroll(earmark)
    heard = []
    for samples in (spoken(ANNA, 3).samples, spoken(ANNA, 3).samples + np.float32(0.3), peak_at(spoken(ANNA, 3).samples, 15)):
        soundfile.write(tmp_path / "a.wav", samples, 16_000, subtype="FLOAT")
        listener = earmark.voices.listener(FileSource(tmp_path / "a.wav", pace=0))
        listener.start()
        listener.wait(60)
        listener.stop()
        named = [one.identification for one in listener.updates(0)[1] if one.identification and one.identification.similarity]
        heard.append((named[-1].voice, named[-1].similarity))
    assert {who for who, _ in heard} == {"Anna"}
    assert [likeness for _, likeness in heard] == pytest.approx([heard[0][1]] * 3, abs=ALIKE)
