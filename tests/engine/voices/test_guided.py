"""Takes that are refused with a reason, samples looked at one by one, voices that are too much alike, clocks that go back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from engine.errors import Clipped, EnrollmentError, NoSpeech, TakeKnown, TooNoisy, TwoVoices, VoiceUnknown
from engine.records import Audio, Span
from engine.voices import service
from engine.voices.mixtures import groups_apart, windows
from engine.voices.takes import part_of, speech_in_context, spoken_parts, with_context
from tests.true_models import spoken, write_takes

ANNA, BERT = 1, 2


def enroll(voices, name, *takes, keep=False, anyway=False):
    made = voices.begin(name)
    for take in takes:
        voices.add_take(made.id, take, keep=keep, anyway=anyway)
    return voices.finish(made.id)


def after(*audios):
    return Audio(np.concatenate([audio.samples for audio in audios]), audios[0].rate_hz)


def noisy(audio, snr_db, seed=0):
    power = float(np.mean(np.square(audio.samples, dtype=np.float64)))
    noise = np.random.default_rng(seed).normal(0, np.sqrt(power) * 10 ** (-snr_db / 20), len(audio.samples))
    return Audio((audio.samples + noise).astype(np.float32), audio.rate_hz)


def clipped(audio):
    return Audio(np.clip(audio.samples * np.float32(30), -1, 1), audio.rate_hz)


def test_noise_and_clipping_are_refused_and_can_be_overridden(earmark):
    made = earmark.voices.begin("Anna")
    for audio, error in ((noisy(spoken(ANNA), 3), TooNoisy), (clipped(spoken(ANNA)), Clipped)):
        with pytest.raises(error) as raised:
            earmark.voices.add_take(made.id, audio)
        assert earmark.voices.takes(made.id) == []
        if error is TooNoisy:
            assert raised.value.snr_db < raised.value.needed_db
        else:
            assert raised.value.places > 3
    earmark.voices.add_take(made.id, clipped(spoken(ANNA)), anyway=True)
    assert len(earmark.voices.takes(made.id)) == 1


def test_two_voices_in_one_take_are_refused_whatever_is_overridden(earmark):
    made = earmark.voices.begin("Anna")
    with pytest.raises(TwoVoices) as raised:
        earmark.voices.add_take(made.id, after(spoken(ANNA, 0, 5.0), spoken(BERT, 0, 5.0)), anyway=True)
    assert raised.value.similarity < 0.72
    earmark.voices.add_take(made.id, after(spoken(ANNA, 0, 5.0), spoken(ANNA, 1, 5.0)))


def test_what_only_looks_like_speech_is_refused(earmark, monkeypatch):
    """The rule itself; its limit is measured in tests/benchmarks/takes.py."""
    made = earmark.voices.begin("Anna")
    monkeypatch.setattr("engine.voices.takes.speech_probability", lambda speech, tagger: 0.01)
    with pytest.raises(NoSpeech) as raised:
        earmark.voices.add_take(made.id, spoken(ANNA))
    assert raised.value.probability == 0.01


def test_groups_by_hand():
    one, other = np.eye(4, dtype=np.float32)[:2]
    assert groups_apart(np.stack([one, one, other, other])) == pytest.approx((0.0, 1.0))
    assert groups_apart(np.stack([one, one, one])) == (1.0, 1.0)
    assert groups_apart(np.stack([one] * 5 + [other])) == (1.0, 1.0)  # a single odd window is a cough
    tilted = (one + other) / np.sqrt(2)
    assert groups_apart(np.stack([one, one, tilted, tilted]))[0] == pytest.approx(0.7071, abs=1e-3)
    assert windows(Audio(np.zeros(16_000 * 3, np.float32), 16_000)) == []
    assert len(windows(Audio(np.zeros(16_000 * 4, np.float32), 16_000))) == 4


def test_parts_know_where_in_the_take_they_come_from():
    """What lies beside speech is embedded with it, and not counted as speech."""
    audio = Audio(np.arange(1_000, dtype=np.float32), 100)
    spans = [Span(1, 3), Span(5, 9.0)]
    first, second = spoken_parts(audio, spans, 0.3)
    edges = [at for one in (first, second) for at in (one.span.start_s, one.span.end_s)]
    assert edges == pytest.approx([0.7, 5.7, 5.7, 9.3], abs=0.011)  # a sample is 0.01 s
    assert (first.speech_s, second.speech_s) == pytest.approx((2.7, 3.3), abs=0.011)
    together = np.concatenate([first.audio.samples, second.audio.samples])
    assert together.tolist() == speech_in_context(audio, spans, 0.3).samples.tolist()
    assert spoken_parts(audio, [], 0.3) == []


def test_the_context_of_speech_ends_with_the_take_and_is_there_once():
    assert with_context([Span(0.1, 1), Span(1.5, 2), Span(3, 4.9)], 5.0, 0.3) == [Span(0.0, 2.3), Span(2.7, 5.0)]
    assert with_context([Span(1, 2)], 2.1, 0.3) == [Span(0.7, 2.1)]
    assert with_context([], 5.0, 0.3) == []


def test_a_part_of_a_take_holds_nothing_of_what_lies_beside_it():
    audio = Audio(np.arange(1_000, dtype=np.float32), 100)
    spans = [Span(1, 3), Span(5, 9.0)]
    part = part_of(audio, spans, Span(2.0, 5.5), 0.3)
    assert (part.span, part.speech_s) == (Span(2.0, 5.5), 1.5)
    assert part.audio.samples.tolist() == [*range(200, 330), *range(470, 550)]
    assert part_of(audio, spans, Span(3.1, 4.9), 0.3) is None


def test_a_sample_is_played_from_its_stretch_of_the_recording(earmark):
    anna = enroll(earmark.voices, "Anna", spoken(ANNA, 0, 8.0), keep=True)
    samples = earmark.voices.samples(anna.id)
    assert len(samples) > 1
    whole = earmark.voices.recording(samples[0].take_id)
    for sample in samples:
        sound = earmark.voices.sample_sound(sample.id)
        assert sound.duration_s == pytest.approx(sample.span.duration_s, abs=0.01)
        start = round(sample.span.start_s * whole.rate_hz)
        assert (sound.samples == whole.samples[start:start + len(sound.samples)]).all()
    assert samples[0].span.end_s <= samples[1].span.start_s + 1e-6
    bert = enroll(earmark.voices, "Bert", spoken(BERT))
    with pytest.raises(EnrollmentError, match="was not kept"):
        earmark.voices.sample_sound(earmark.voices.samples(bert.id)[0].id)
    with pytest.raises(EnrollmentError, match="not there any more"):
        earmark.voices.sample_sound(999)


def test_a_sample_of_somebody_else_is_flagged_and_moves_home(earmark):
    voices = earmark.voices
    anna = enroll(voices, "Anna", *(spoken(ANNA, take) for take in range(4)), spoken(BERT, 5), keep=True, anyway=True)
    bert = enroll(voices, "Bert", *(spoken(BERT, take) for take in range(3)), keep=True)
    odd = [one for one in voices.checked_samples(anna.id) if one.flags]
    assert [(one.flags, one.nearer_to) for one in odd] == [(("far", "nearer"), "Bert")]
    assert odd[0].likeness < odd[0].sample.similarity
    assert not any(one.flags for one in voices.checked_samples(bert.id))
    voices.move_sample(odd[0].sample.id, "bert")
    assert (voices.get("Anna").takes, voices.get("Bert").takes, voices.get("Bert").samples) == (4, 4, 4)
    assert not any(one.flags for one in voices.checked_samples())
    voices.remove("Anna")  # the recording was copied
    assert all(voices.recording(take.id).duration_s > 3 for take in voices.takes(bert.id))
    with pytest.raises(VoiceUnknown):
        voices.move_sample(odd[0].sample.id, "Carla")
    with pytest.raises(EnrollmentError, match="belongs to this voice already"):
        voices.move_sample(odd[0].sample.id, "Bert")


def test_a_removed_sample_does_not_come_back_with_another_encoder(earmark, tmp_path):
    from tests.engine.encoders import small_voice

    anna = enroll(earmark.voices, "Anna", spoken(ANNA, 0, 9.0), keep=True)
    first, *rest = earmark.voices.samples(anna.id)
    speech_s = earmark.voices.get("Anna").speech_s
    earmark.voices.remove_sample(first.id)
    assert earmark.voices.get("Anna").speech_s == pytest.approx(speech_s - first.speech_s)
    earmark.__dict__["models"] = type(earmark.models)(earmark.weights, "cpu", earmark.added, lambda: "compact",
                                                      lambda: earmark.settings.value.voice)
    earmark.add_model(str(small_voice.write(tmp_path / "small.onnx")), "voice")
    earmark.use_voice("small")
    again = earmark.voices.samples(anna.id)
    assert [one.span for one in again] == [one.span for one in rest]
    earmark.voices.remove_sample(again[0].id)
    earmark.use_voice("campplus")
    assert [one.id for one in earmark.voices.samples(anna.id)] == [one.id for one in rest[1:]]


def test_voices_that_are_nearer_than_the_threshold_are_told(earmark):
    voices = earmark.voices
    enroll(voices, "Anna", *(spoken(ANNA, take) for take in range(3)))
    enroll(voices, "Bert", *(spoken(BERT, take) for take in range(3)))
    assert voices.close_pairs() == []
    enroll(voices, "Anna too", *(spoken(ANNA, take) for take in range(4, 7)))
    found, = voices.close_pairs()
    assert {found.first, found.second} == {"Anna", "Anna too"}
    assert found.similarity >= voices.identifier().threshold


def test_the_same_take_twice_and_in_another_voice(earmark):
    anna = enroll(earmark.voices, "Anna", spoken(ANNA))
    with pytest.raises(TakeKnown):
        earmark.voices.add_take(anna.id, spoken(ANNA))
    bert = enroll(earmark.voices, "Bert", spoken(BERT))
    assert earmark.voices.also_in(bert.id) == []
    earmark.voices.add_take(bert.id, spoken(ANNA), anyway=True)
    assert earmark.voices.also_in(bert.id) == ["Anna"]
    assert earmark.voices.also_in(anna.id) == ["Bert"]


def test_a_clock_that_goes_back_does_not_break_the_order(earmark, monkeypatch):
    class Back(datetime):
        hours = 0

        @classmethod
        def now(cls, tz=None):
            cls.hours -= 1
            return datetime(2026, 11, 1, tzinfo=UTC) + timedelta(hours=cls.hours)

    monkeypatch.setattr(service, "datetime", Back)
    made = earmark.voices.begin("Anna")
    added = [earmark.voices.add_take(made.id, spoken(ANNA, take)).id for take in range(3)]
    assert [take.id for take in earmark.voices.takes(made.id)] == added
    earmark.voices.undo()
    assert [take.id for take in earmark.voices.takes(made.id)] == added[:2]


def test_the_commands(earmark, tmp_path, capsys):
    earmark.close()
    from engine import cli

    def run(*arguments):
        capsys.readouterr()
        code = cli.main([*map(str, arguments), "--workspace", str(earmark.workspace)])
        said = capsys.readouterr()
        return code, said.out + said.err

    from engine.audio import files

    files.write(tmp_path / "noisy.wav", noisy(spoken(ANNA), 3))
    code, said = run("voices", "enroll", "Anna", tmp_path / "noisy.wav")
    assert (code, "too much noise" in said) == (1, True)
    code, said = run("voices", "enroll", "Anna", *write_takes(tmp_path / "anna", ANNA, 2))
    assert (code, "1 more take is better" in said) == (0, True)
    assert run("voices", "enroll", "Bert", *write_takes(tmp_path / "bert", BERT, 3))[0] == 0
    code, said = run("voices", "undo")
    assert (code, "recordings of Bert were enrolled" in said) == (0, True)
    assert "Bert" not in run("voices", "list")[1]
