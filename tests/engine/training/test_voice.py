"""`train voice` on made people: what it writes can be used, what it changes stays speech-like."""

from __future__ import annotations

import numpy as np
import pytest

from engine.audio import files
from engine.audio.lines import telephone
from engine.errors import UsageError
from engine.records import Audio, Embedding, EncoderSpec
from engine.training.voice import run
from engine.training.voice.statistics import Shape, scatter
from engine.training.voice.styles import restyled
from engine.voices import cohort
from engine.voices.backends import Enrolled, make
from tests.engine.cli.test_schemas import check
from tests.true_models import spoken

BANDS = 24


class ByBands:
    """An encoder that hears the mean level of 24 bands: people below are noises of different colour."""

    spec = EncoderSpec("by bands", "1", "cd" * 32, "voice", BANDS, 16_000)

    def embed(self, audio):
        power = np.abs(np.fft.rfft(audio.samples)) ** 2
        levels = np.array([np.log10(part.mean() + 1e-9) for part in np.array_split(power, BANDS)])
        return Embedding(((levels - 1) / np.linalg.norm(levels - 1)).astype(np.float32))

    def embed_many(self, audios):
        return [self.embed(audio) for audio in audios]


def person(seed, seconds=8.0):
    """Noise whose colour is its own."""
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft(rng.normal(size=int(seconds * 16_000)))
    colour = np.interp(np.linspace(0, 1, len(spectrum)), np.linspace(0, 1, 9), rng.uniform(-1, 1, 9))
    return (0.05 * np.fft.irfft(spectrum * 10 ** colour)).astype(np.float32)


def test_statistics_are_made_and_used(tmp_path):
    (tmp_path / "data").mkdir()
    for number in range(24):
        files.write(tmp_path / "data" / f"p{number:02}-1.wav", Audio(person(number), 16_000))
    (tmp_path / "data" / "p99-1.wav").write_text("no sound")
    records = list(run.train(tmp_path / "data", tmp_path / "out", ByBands(), "bands", 7, share=0.85))
    for record in records:
        check("train voice", record)
    assert [r["stage"] for r in records] == ["data", *["backend"] * 8, "done"]
    assert records[0]["people"] + records[0]["kept_for_tests"] == 24
    made = cohort.read(tmp_path / "out", "bands")
    assert len(made.files) == records[0]["people"]
    low, high = ByBands().embed(Audio(person(1), 16_000)), ByBands().embed(telephone(Audio(person(1), 16_000)))
    assert made.background.telephone @ (high.vector - low.vector) > 0
    assert made.background.called.shape == made.background.strangers.shape
    enrolled = Enrolled(np.array([ByBands().embed(Audio(person(n)[:48_000], 16_000)).vector for n in range(5)]), np.arange(5), 5)
    query = np.array([ByBands().embed(Audio(person(n)[60_000:], 16_000)).vector for n in range(5)])
    assert (make("two-covariance").fit(enrolled, made.background).similarities(query).argmax(axis=1) == np.arange(5)).all()
    again = list(run.train(tmp_path / "data", tmp_path / "again", ByBands(), "bands", 7, share=0.85))
    assert again[-1]["recognisable"] == records[-1]["recognisable"]
    assert (tmp_path / "again" / "bands.json").read_bytes() == (tmp_path / "out" / "bands.json").read_bytes()


def test_no_axis_between_people_need_be_kept(tmp_path):
    (tmp_path / "data").mkdir()
    for number in range(22):
        files.write(tmp_path / "data" / f"p{number:02}-1.wav", Audio(person(number), 16_000))
    *_, done = run.train(tmp_path / "data", tmp_path / "out", ByBands(), "bands", 7, shape=Shape(between=0, weight=80.0))
    made = cohort.read(tmp_path / "out", "bands")
    assert made.statistics.between.axes.shape == (0, len(made.statistics.mean))
    assert made.background.between == pytest.approx(made.statistics.between.rest * np.eye(len(made.statistics.mean)))
    assert made.card["rank_between"] == 0
    assert (made.background.weight, made.background.shrinkage) == (80.0, 0.5)
    enrolled = Enrolled(np.array([ByBands().embed(Audio(person(n)[:48_000], 16_000)).vector for n in range(5)]), np.arange(5), 5)
    query = np.array([ByBands().embed(Audio(person(n)[60_000:], 16_000)).vector for n in range(5)])
    assert (make("two-covariance").fit(enrolled, made.background).similarities(query).argmax(axis=1) == np.arange(5)).all()
    assert done["recognisable"] is None or done["recognisable"]["energy"]["auc"] == 0.5


def test_too_few_people_are_refused(tmp_path):
    (tmp_path / "data").mkdir()
    files.write(tmp_path / "data" / "a-1.wav", Audio(person(0), 16_000))
    with pytest.raises(UsageError, match="20 are needed"):
        list(run.train(tmp_path / "data", tmp_path / "out", ByBands(), "bands", 7))


def test_scatter_by_hand():
    """Two people, two samples each, one axis: 0 and 2, 10 and 12. Within (1+1+1+1)/2 = 2; means 1 and 11, between 50 − 2/2."""
    mean, within, between = scatter(np.array([[0], [2], [10], [12]], np.float32), np.array([0, 0, 1, 1]))
    assert (mean[0], within[0, 0], between[0, 0]) == pytest.approx((6, 2, 49))


def test_a_changed_take_keeps_level_and_nearly_its_length():
    wave = spoken(1).samples
    made = restyled(wave, np.random.default_rng(3))
    assert np.isfinite(made).all() and made.dtype == np.float32
    assert 0.7 < len(made) / len(wave) < 1.4
    assert (restyled(wave, np.random.default_rng(3)) == made).all()
    assert (restyled(wave, np.random.default_rng(4))[:1000] != made[:1000]).any()
    assert np.sqrt(np.mean(made ** 2)) == pytest.approx(np.sqrt(np.mean(wave ** 2)), rel=0.01)
