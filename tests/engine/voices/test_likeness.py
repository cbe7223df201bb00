"""A take unlike the voice's other takes is refused until one insists; with the true encoders of the program."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from engine.audio import files
from engine.errors import Doubtful, TooNoisy, UnlikeVoice
from engine.records import Audio, Embedding, EncoderSpec, Failure, Sample, Take, Voice
from engine.voices.identification import Identifier
from engine.voices.likeness import doubt, likeness, strays
from engine.voices.limits import Limits, limits_of
from tests.true_models import models, spoken

ANNA, BERT, CARLA = 1, 2, 5
ENCODERS = ["ge2e", "campplus"]
LIMITS = Limits(0.5, alike=(0.2, 0.7), nearer=0.1)


def at(cosine, speech_s=5.0):
    """A sample so much like (1, 0)."""
    return Embedding(np.array([cosine, np.sqrt(1 - cosine ** 2)], np.float32)), speech_s


def sample(take, embedding, speech_s, voice=1):
    return Sample(0, take, voice, embedding, speech_s, 1.0)


def voice(number, name):
    return Voice(number, name, 0, "enrolled", datetime.now(UTC), 1, 1, 5.0)


def nobody():
    return Identifier([], [], 0.5, 0.0)


def level(audio, db):
    return Audio(audio.samples * np.float32(10 ** (db / 20)), audio.rate_hz)


def noisy(audio):
    rng = np.random.default_rng(0)
    power = float(np.sqrt(np.mean(np.square(audio.samples))))
    return Audio((audio.samples + rng.normal(0, power, len(audio.samples))).astype(np.float32) / 4, audio.rate_hz)


def use(earmark, name):
    encoder = models().voice_named(name)
    earmark.voices._encoder, earmark.voices._spec = (lambda: encoder), (lambda: encoder.spec)
    return earmark


@pytest.fixture(params=ENCODERS)
def place(earmark, request):
    return use(earmark, request.param)


# --- the rule -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("cosine", "take_s", "known_s", "refused"), [
    (0.69, 5.0, 5.0, True), (0.71, 5.0, 5.0, False), (0.3, 2.0, 9.0, False), (0.3, 9.0, 2.0, False), (0.19, 1.0, 1.0, True),
    (0.21, 1.0, 9.0, False), (0.44, 2.75, 9.0, True), (0.46, 2.75, 9.0, False)])
def test_short_takes_need_be_less_alike(cosine, take_s, known_s, refused):
    found = doubt([at(cosine, take_s)], voice(1, "Anna"), [sample(1, *at(1.0, known_s))], nobody(), LIMITS)
    assert (found is not None) == refused
    if found is not None:
        assert found.similarity == pytest.approx(cosine, abs=1e-6)
        assert f"{cosine:.2f}, and takes of one voice have" in str(found)


def test_the_take_that_speaks_for_it_most_decides():
    long_but_far, short_and_near = sample(1, *at(-0.5, 9.0)), sample(2, *at(0.9, 2.0))
    found = likeness([at(1.0)], [long_but_far, short_and_near], LIMITS)
    assert found is not None
    assert (found.cosine, found.least) == (pytest.approx(0.9), pytest.approx(0.2))


def test_samples_of_a_take_count_together():
    halves = [sample(1, *at(1.0, 2.5)), sample(1, Embedding(np.array([0.0, 1.0], np.float32)), 2.5)]
    found = likeness([at(1.0)], halves, LIMITS)
    assert found is not None
    assert (found.cosine, found.least) == (pytest.approx(np.sqrt(0.5)), pytest.approx(0.7))


def test_what_is_far_more_like_another_voice_is_refused_and_says_so():
    anna, bert = sample(1, *at(0.8)), sample(2, *at(1.0), voice=2)
    others = Identifier([voice(1, "Anna"), voice(2, "Bert")], [anna, bert], 0.5, 0.0)
    found = doubt([at(1.0)], voice(1, "Anna"), [anna], others, LIMITS)
    assert found is not None
    assert found.rival == ("Bert", pytest.approx(1.0))
    assert "sounds more like Bert (1.00) than like any take of Anna (0.80)" in str(found)
    assert doubt([at(0.85)], voice(1, "Anna"), [anna], others, LIMITS) is None


def test_another_voice_must_be_nearer_than_every_take_of_the_own():
    known = [sample(1, *at(0.6, 2.0)), sample(2, *at(0.85, 5.0))]  # the short one speaks for it most, the long one is most alike
    others = Identifier([voice(2, "Bert")], [sample(9, *at(0.9), voice=2)], 0.5, 0.0)
    assert doubt([at(1.0)], voice(1, "Anna"), known, others, LIMITS) is None


@pytest.mark.parametrize("limits", [limits_of(EncoderSpec("ONNX voice mine", "1", "ab" * 32, "voice", 2, 16_000)), Limits()])
def test_with_an_encoder_without_a_limit_it_rests(limits):
    assert doubt([at(-1.0)], voice(1, "Anna"), [sample(1, *at(1.0))], nobody(), limits) is None


def test_a_voice_that_samples_are_taken_from_is_no_rival():
    others = Identifier([voice(2, "Bert")], [sample(9, *at(1.0), voice=2)], 0.5, 0.0)
    assert doubt([at(1.0)], voice(1, "Anna"), [sample(1, *at(0.8))], others, LIMITS) is not None
    assert doubt([at(1.0)], voice(1, "Anna"), [sample(1, *at(0.8))], others, LIMITS, leaving=2) is None


def test_nothing_to_compare_is_no_doubt():
    opposite = [sample(1, *at(1.0)), sample(1, Embedding(np.array([-1.0, 0.0], np.float32)), 5.0)]
    for samples, known in (([at(1.0)], []), ([], [sample(1, *at(1.0))]), ([at(1.0)], opposite)):
        assert doubt(samples, voice(1, "Anna"), known, nobody(), LIMITS) is None


# --- takes --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("db", [0, -15, 6])
def test_takes_of_one_voice_are_taken_and_one_of_another_is_refused(place, db):
    made = place.voices.begin("Anna")
    for number in range(3):
        place.voices.add_take(made.id, spoken(ANNA, number))
    with pytest.raises(UnlikeVoice, match=r"This take does not sound like Anna: its likeness .* is 0\.[1-5]\d"):
        place.voices.add_take(made.id, level(spoken(BERT, 0), db), keep=True)
    assert (len(place.voices.takes(made.id)), list(place.store.recordings.rglob("*.wav"))) == (3, [])
    place.voices.add_take(made.id, level(spoken(BERT, 0), db), anyway=True)
    assert len(place.voices.takes(made.id)) == 4


def test_also_the_second_take_of_a_voice_that_is_being_enrolled(place):
    made = place.voices.begin("Anna")
    place.voices.add_take(made.id, spoken(ANNA, 0))
    with pytest.raises(UnlikeVoice):
        place.voices.add_take(made.id, spoken(CARLA, 0))


def test_of_files_those_of_another_person_are_told_and_can_be_taken(place, tmp_path):
    paths = []
    for number, (who, suffix) in enumerate(((ANNA, "wav"), (BERT, "flac"), (ANNA, "ogg"), (BERT, "wav"))):
        paths.append(tmp_path / f"take {number}.{suffix}")
        files.write(paths[-1].with_suffix(".wav"), spoken(who, number))
        if suffix != "wav":
            import soundfile

            soundfile.write(paths[-1], spoken(who, number).samples, 16_000)
    found = place.voices.enroll_files("Anna", paths)
    assert [isinstance(one, Take) for one in found] == [True, False, True, False]
    assert all(one.anyway and "does not sound like Anna" in one.reason for one in found if isinstance(one, Failure))
    assert place.voices.get("Anna").takes == 2
    again = place.voices.enroll_files("Anna", paths, anyway=True)
    assert [isinstance(one, Take) for one in again] == [True, True]
    assert place.voices.get("Anna").takes == 4


def test_a_noisy_take_of_another_person_says_both(earmark):
    made = earmark.voices.begin("Anna")
    earmark.voices.add_take(made.id, spoken(ANNA, 0))
    with pytest.raises(TooNoisy):
        earmark.voices.add_take(earmark.voices.begin("Bert").id, noisy(spoken(BERT, 0)))
    with pytest.raises(Doubtful) as told:
        earmark.voices.add_take(made.id, noisy(spoken(BERT, 0)))
    assert isinstance(told.value, UnlikeVoice)
    assert "does not sound like Anna" in str(told.value)
    assert "too much noise" in str(told.value)


@pytest.mark.shared_data
@pytest.mark.parametrize("encoder", ENCODERS)
def test_the_takes_of_the_case_are_told_apart(earmark, shared_data, encoder):
    use(earmark, encoder)
    folder = shared_data / "cases" / "mixed-takes"
    a, b = ([folder / f"{who}{number}.wav" for number in (0, 1)] for who in "ab")
    assert all(isinstance(one, Take) for one in earmark.voices.enroll_files("Anna", a))
    assert all(isinstance(one, Failure) and one.anyway for one in earmark.voices.enroll_files("Anna", b))
    assert all(isinstance(one, Take) for one in earmark.voices.enroll_files("Bert", b))
    mixed = earmark.voices.enroll_files("Carla", [a[0], b[0]])
    assert [isinstance(one, Take) for one in mixed] == [True, False]


# --- samples and files --------------------------------------------------------------------------------------------------


def enrolled(earmark, name, who, *takes):
    made = earmark.voices.begin(name)
    for number in takes:
        earmark.voices.add_take(made.id, spoken(who, number))
    return earmark.voices.finish(made.id)


def test_a_sample_is_not_moved_to_a_voice_that_it_is_unlike(place):
    anna, _ = enrolled(place, "Anna", ANNA, 0, 1), enrolled(place, "Bert", BERT, 0, 1)
    before = place.voices.samples()
    with pytest.raises(UnlikeVoice, match="This sample does not sound like Bert"):
        place.voices.move_sample(place.voices.samples(anna.id)[0].id, "Bert")
    assert [(one.id, one.voice_id) for one in place.voices.samples()] == [(one.id, one.voice_id) for one in before]
    moved = place.voices.move_sample(place.voices.samples(anna.id)[0].id, "Bert", anyway=True)
    assert (moved.takes, place.voices.get("Anna").samples) == (3, len([one for one in before if one.voice_id == anna.id]) - 1)


def test_the_only_sample_of_a_voice_that_was_made_by_mistake_is_moved_home(place):
    enrolled(place, "Anna", ANNA, 0, 1)
    again = enrolled(place, "Anna too", ANNA, 2)
    for one in place.voices.samples(again.id):
        place.voices.move_sample(one.id, "Anna")
    assert place.voices.get("Anna").takes == 3


@pytest.fixture
def file(place, tmp_path):
    """Anna and Bert, as another workspace has them."""
    from engine.app import Earmark

    path = tmp_path / "other.earmark"
    with Earmark(tmp_path / "other", "cpu") as other:
        other.voices._encoder, other.voices._spec = place.voices._encoder, place.voices._spec
        enrolled(other, "Anna", ANNA, 3, 4)
        enrolled(other, "Bert", BERT, 3)
        other.privacy.export(path, "a long passphrase of ours")
    return path


def test_an_import_adds_takes_of_the_same_person(place, file):
    enrolled(place, "Anna", ANNA, 0)
    found = place.privacy.import_(file, "a long passphrase of ours", "merge")
    assert [(one.name, one.action) for one in found] == [("Anna", "merged"), ("Bert", "made")]
    assert place.voices.get("Anna").takes == 3


def test_an_import_does_not_make_two_people_of_one_name_one(place, file):
    enrolled(place, "Anna", CARLA, 0)
    enrolled(place, "Bert", ANNA, 0)
    with pytest.raises(UnlikeVoice, match=r"Anna of the file does not sound like Anna: .* The same holds for Bert\."):
        place.privacy.import_(file, "a long passphrase of ours", "merge")
    assert [(one.name, one.takes) for one in place.voices.list()] == [("Anna", 1), ("Bert", 1)]
    apart = place.privacy.import_(file, "a long passphrase of ours")
    assert [one.name for one in apart] == ["Anna (2)", "Bert (2)"]
    together = place.privacy.import_(file, "a long passphrase of ours", "merge", anyway=True)
    assert [(one.name, one.action, one.takes) for one in together] == [("Anna", "merged", 2), ("Bert", "merged", 1)]


# --- strangers ----------------------------------------------------------------------------------------------------------


def test_a_stranger_is_not_named_as_a_voice_that_it_is_unlike(earmark, tmp_path):
    made = earmark.voices.begin("Anna")
    for number in range(2):
        earmark.voices.add_take(made.id, spoken(ANNA, number))
    earmark.voices.finish(made.id)
    talk = tmp_path / "talk.wav"
    files.write(talk, Audio(np.concatenate([spoken(BERT, number, 5.0).samples for number in (0, 1)]), 16_000))
    kept = earmark.timelines.make(talk)
    assert [track.label for track in kept.tracks] == ["Stranger 1"]
    with pytest.raises(UnlikeVoice, match="Stranger 1 does not sound like Anna"):
        earmark.timelines.name_stranger(kept.id, 1, "anna")
    assert (earmark.voices.get("Anna").takes, earmark.timelines.namings()) == (2, [])
    named = earmark.timelines.name_stranger(kept.id, 1, "anna", anyway=True)
    assert (named.voice, named.made_voice, earmark.voices.get("Anna").takes) == ("Anna", False, 3)
    earmark.timelines.undo_naming()
    assert earmark.timelines.name_stranger(kept.id, 1, "Bert").made_voice


def test_takes_of_two_people_under_one_name_from_before_are_told_apart(place):
    made = place.voices.begin("Anna")
    for who, number in ((ANNA, 0), (BERT, 0), (ANNA, 1), (BERT, 1), (ANNA, 2)):
        place.voices.add_take(made.id, spoken(who, number), f"{who}.wav", anyway=True)
    assert {(one.take.source, "far" in one.flags) for one in place.voices.checked_samples(made.id)} == {
        ("1.wav", False), ("2.wav", True)}


def test_a_take_is_with_those_that_one_like_it_is_with():
    angles = {1: 0.0, 2: 0.6, 3: 1.2, 4: 3.0, 5: 3.1}
    known = [sample(take, Embedding(np.array([np.cos(turn), np.sin(turn)], np.float32)), 5.0) for take, turn in angles.items()]
    assert strays(known, LIMITS) == {4, 5}
    assert strays(known, Limits()) == strays([], LIMITS) == frozenset()
