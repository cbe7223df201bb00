"""Voices on a true workspace with the true encoder: enroll, identify, rename, remove, resume, forget."""

from __future__ import annotations

import logging
import math
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from engine.app import Earmark
from engine.audio import files
from engine.errors import (
    Busy,
    Cancelled,
    DecodeError,
    EnrollmentError,
    ShapeError,
    TooLittleSpeech,
    VoiceExists,
    VoiceUnknown,
    WeightsMissing,
)
from engine.records import Audio, Failure, Take
from engine.tasks import Ticket
from engine.voices.service import content_hash
from engine.weights import Weights
from tests.true_models import chord, models, silence, spoken, write_takes

ANNA, BERT, CARLA, STRANGER = 1, 2, 5, 4  # which of the made voices speaks for whom


def enroll(earmark, name, voice, takes=2):
    new = earmark.voices.begin(name)
    for take in range(takes):
        earmark.voices.add_take(new.id, spoken(voice, take))
    return earmark.voices.finish(new.id)


def sounds_in(folder):
    return sorted(p.name for p in folder.rglob("*") if p.suffix in (".wav", ".flac", ".part"))


# --- enroll and identify ----------------------------------------------------------------------------------------------


def test_enrolled_voices_are_named_and_a_stranger_is_unknown(earmark):
    for name, voice in (("Anna", ANNA), ("Bert", BERT), ("Carla", CARLA)):
        made = enroll(earmark, name, voice)
        assert (made.state, made.takes, made.samples) == ("enrolled", 2, 2)
    for name, voice in (("Anna", ANNA), ("Bert", BERT), ("Carla", CARLA)):
        found = earmark.voices.identify(spoken(voice, 7))
        assert (found.status, found.voice) == ("match", name)
        assert found.margin_unit == "nats" and found.margin > math.log(5)
        assert found.speech_s > 3
    found = earmark.voices.identify(spoken(STRANGER, 7))
    assert (found.status, found.voice) == ("unknown", None)
    assert len(found.candidates) == 3


def test_the_centroid_is_that_of_all_samples_of_all_takes(earmark):
    made = enroll(earmark, "Anna", ANNA, takes=3)
    samples = earmark.voices.samples(made.id)
    assert len(samples) == 3
    mean = np.mean([s.embedding.vector for s in samples], axis=0)
    mean /= np.linalg.norm(mean)
    assert earmark.voices.identifier().centroids[0] == pytest.approx(mean, abs=1e-6)
    assert [s.similarity for s in samples] == pytest.approx([float(s.embedding.vector @ mean) for s in samples])


def test_silence_and_music_are_nobody(earmark):
    enroll(earmark, "Anna", ANNA)
    one_sample, half_a_word = Audio(np.zeros(1, np.float32), 44_100), Audio(spoken(ANNA).samples[:9_600], 16_000)
    for audio in (silence(), chord(), one_sample, half_a_word):
        found = earmark.voices.identify(audio)
        assert (found.status, found.voice, found.similarity) == ("too-short", None, None)


@pytest.mark.parametrize(("audio", "words"), [
    (silence(), r"Only 0\.0 s of speech"), (chord(), r"Only 0\.0 s of speech"),
    (Audio(spoken(ANNA).samples[4_000:16_000], 16_000), r"at least 1\.0 s is needed"),
], ids=["silence", "music", "too short"])
def test_a_take_without_enough_speech_is_refused(earmark, audio, words):
    made = earmark.voices.begin("Anna")
    with pytest.raises(TooLittleSpeech, match=words):
        earmark.voices.add_take(made.id, audio)
    assert earmark.voices.takes(made.id) == []
    with pytest.raises(EnrollmentError, match="at least one take"):
        earmark.voices.finish(made.id)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_no_numbers_are_refused_and_nothing_is_stored(earmark, value):
    samples = spoken(ANNA).samples.copy()
    samples[20_000] = value
    made = earmark.voices.begin("Anna")
    with pytest.raises((ShapeError, TooLittleSpeech)):
        earmark.voices.add_take(made.id, Audio(samples, 16_000), keep=True)
    assert earmark.voices.takes(made.id) == []
    assert sounds_in(earmark.workspace) == []


def test_the_same_take_twice_is_refused_also_under_another_name_of_file(earmark, tmp_path):
    made = enroll(earmark, "Anna", ANNA, takes=1)
    with pytest.raises(EnrollmentError, match="enrolled already"):
        earmark.voices.add_take(made.id, spoken(ANNA, 0), source="other.wav")
    assert earmark.voices.get("Anna").takes == 1
    other = earmark.voices.begin("Bert")  # another voice may have it: two people can speak in one recording
    assert earmark.voices.add_take(other.id, spoken(ANNA, 0)).samples == 1


def test_a_voice_that_is_being_enrolled_names_nobody_yet(earmark):
    made = earmark.voices.begin("Anna")
    earmark.voices.add_take(made.id, spoken(ANNA, 0))
    assert earmark.voices.identify(spoken(ANNA, 1)).status == "unknown"
    assert [v.state for v in earmark.voices.list()] == ["enrolling"]
    earmark.voices.finish(made.id)
    assert earmark.voices.identify(spoken(ANNA, 1)).voice == "Anna"


def test_what_was_enrolled_is_there_after_closing(earmark):
    enroll(earmark, "Anna", ANNA)
    before = earmark.voices.identify(spoken(ANNA, 3))
    earmark.close()
    with Earmark(earmark.workspace) as again:
        again.__dict__["models"] = models()
        assert again.voices.identify(spoken(ANNA, 3)) == before


def test_threshold_and_measure_count_at_once(earmark):
    enroll(earmark, "Anna", ANNA)
    similarity = earmark.voices.identify(spoken(ANNA, 3)).similarity
    earmark.settings.change(threshold=min(1.0, similarity + 0.01))
    assert earmark.voices.identify(spoken(ANNA, 3)).status == "unknown"
    earmark.settings.change(threshold=similarity - 0.01)
    assert earmark.voices.identify(spoken(ANNA, 3)).status == "match"
    earmark.settings.change(measure="dot")
    assert earmark.voices.identify(spoken(ANNA, 3)).similarity != pytest.approx(similarity, abs=1e-4)


# --- change -----------------------------------------------------------------------------------------------------------


def test_a_voice_can_be_renamed_and_removed(earmark):
    enroll(earmark, "Anna", ANNA)
    enroll(earmark, "Bert", BERT)
    assert earmark.voices.rename("anna", "Zoë").name == "Zoë"
    assert earmark.voices.identify(spoken(ANNA, 3)).voice == "Zoë"
    with pytest.raises(VoiceExists):
        earmark.voices.rename("Bert", "zoë")
    with pytest.raises(VoiceUnknown, match="“Anna”"):
        earmark.voices.rename("Anna", "Carla")
    earmark.voices.remove("Zoë")
    assert [v.name for v in earmark.voices.list()] == ["Bert"]
    found = earmark.voices.identify(spoken(ANNA, 3))
    assert (found.status, found.nearest, found.margin) == ("unknown", "Bert", None)
    with pytest.raises(VoiceUnknown):
        earmark.voices.remove("Zoë")


def test_removing_a_take_moves_the_centroid(earmark):
    """A take of somebody else was enrolled by mistake; without it the voice is as before."""
    made = enroll(earmark, "Anna", ANNA)
    before = earmark.voices.identifier().centroids[0].copy()
    wrong = earmark.voices.add_take(made.id, spoken(BERT, 0), anyway=True)
    assert float(earmark.voices.identifier().centroids[0] @ before) < 0.99
    assert min(earmark.voices.samples(made.id), key=lambda s: s.similarity).take_id == wrong.id
    earmark.voices.remove_take(wrong.id)
    assert earmark.voices.identifier().centroids[0] == pytest.approx(before, abs=1e-6)


def test_recordings_are_kept_only_after_consent_and_go_with_the_voice(earmark):
    made = earmark.voices.begin("Anna")
    earmark.voices.add_take(made.id, spoken(ANNA, 0))
    assert sounds_in(earmark.workspace) == []
    began = datetime.now(UTC)
    kept = earmark.voices.add_take(made.id, spoken(ANNA, 1), keep=True)
    assert abs(kept.consent_at - began) < timedelta(seconds=30)
    assert kept.recording.is_relative_to(earmark.store.recordings)
    assert files.read(kept.recording).samples == pytest.approx(spoken(ANNA, 1).samples, abs=2 ** -15)
    also = earmark.voices.add_take(made.id, spoken(ANNA, 2), keep=True)
    earmark.voices.remove_take(also.id)
    assert not also.recording.exists()
    assert kept.recording.exists()
    earmark.voices.remove("Anna")
    assert sounds_in(earmark.workspace) == []


def test_a_refused_take_leaves_no_recording(earmark):
    made = earmark.voices.begin("Anna")
    earmark.voices.add_take(made.id, spoken(ANNA, 0), keep=True)
    with pytest.raises(EnrollmentError):
        earmark.voices.add_take(made.id, spoken(ANNA, 0), keep=True)
    with pytest.raises(TooLittleSpeech):
        earmark.voices.add_take(made.id, silence(), keep=True)
    with pytest.raises(EnrollmentError):
        earmark.voices.add_take(made.id + 1, spoken(ANNA, 1), keep=True)
    assert len(sounds_in(earmark.workspace)) == 1


ENROLL_UNTIL_KILLED = """
import os, signal, sys
from pathlib import Path
from engine.app import Earmark
from engine.store.voices import VoiceStore
from tests.true_models import models, spoken
VoiceStore.add_take = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
app = Earmark(Path(sys.argv[1]))
app.__dict__["models"] = models()
app.voices.add_take(app.voices.begin("Bert").id, spoken(2, 0), keep=True)
"""


def test_what_a_killed_enrollment_left_goes_at_the_next_start_and_the_rest_stays(tmp_path):
    with Earmark(tmp_path / "workspace") as app:
        app.__dict__["models"] = models()
        made = app.voices.begin("Anna")
        kept = app.voices.add_take(made.id, spoken(ANNA, 0), keep=True)
    code = subprocess.run([sys.executable, "-c", ENROLL_UNTIL_KILLED, str(app.workspace)],
                          cwd=Path(__file__).parents[3], check=False).returncode
    assert code == -signal.SIGKILL
    assert len(sounds_in(app.workspace)) == 2
    (kept.recording.parent / ".2-abc.wav.77-88.part").write_bytes(b"half a take")
    (app.store.recordings / "Live.wav").write_bytes(b"no take at all")
    with Earmark(tmp_path / "workspace") as app:
        assert app.tidy() == []
        assert sounds_in(app.workspace) == sorted([kept.recording.name, "Live.wav"])


def test_nothing_is_cleared_away_while_another_program_writes(earmark):
    with earmark.store.writing():
        pass
    stray = earmark.store.recordings / "takes" / "1-abc.wav"
    stray.parent.mkdir()
    stray.write_bytes(b"being enrolled")
    with Earmark(earmark.workspace) as other, pytest.raises(Busy):
        other.claim()
    assert stray.exists()


def test_forgetting_everything_empties_the_logs_and_logging_goes_on(earmark):
    log = logging.getLogger("engine.voices")
    log.info("before")
    for number in (1, 3):
        (earmark.store.logs / f"earmark.log.{number}").write_text("older")
    earmark.forget_everything()
    assert b"".join(p.read_bytes() for p in earmark.store.logs.iterdir()) == b""
    log.info("after")
    assert [p.name for p in earmark.store.logs.iterdir()] == ["earmark.log"]
    assert "after" in (earmark.store.logs / "earmark.log").read_text()


def test_a_logged_exception_tells_where_it_was_but_not_its_words(earmark):
    try:
        try:
            raise KeyError("Anna")
        except KeyError:
            earmark.voices.get("Anna " * 2)
    except VoiceUnknown as error:
        record = logging.LogRecord("engine", logging.ERROR, "", 0, "unexpected", (),
                                   (type(error), error, error.__traceback__))
        logging.Formatter().format(record)  # another handler was first
        logging.getLogger("engine").handle(record)
    said = (earmark.store.logs / "earmark.log").read_text()
    assert "VoiceUnknown" in said
    assert "KeyError" in said
    assert "in get" in said
    assert "Anna Anna" not in said
    assert "'Anna'" not in said


# --- threads ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["models", "voices", "library", "maps"])
def test_every_thread_gets_the_same_part_made_once(tmp_path, part):
    """Also on Python 3.12 and later, where `cached_property` has no lock: so it is made as slowly as it can be."""
    descriptor, made = vars(Earmark)[part], []

    def slowly(app):
        made.append(part)
        time.sleep(0.05)
        return descriptor._make(app)

    slow = type(descriptor)(slowly)
    slow.__set_name__(Earmark, part)
    with Earmark(tmp_path / "workspace") as app, ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: app.__dict__.get(part) or slow.__get__(app, Earmark), range(4)))
        assert all(one is found[0] is getattr(app, part) for one in found)
    assert made == [part]


def test_what_was_read_before_a_change_is_not_remembered_after_it(earmark, monkeypatch):
    enroll(earmark, "Anna", ANNA, takes=1)
    read, has_read, go_on = earmark.store.voices.samples, threading.Event(), threading.Event()

    def slowly(*arguments, **options):
        found = read(*arguments, **options)
        has_read.set()
        assert go_on.wait(10)
        return found

    monkeypatch.setattr(earmark.store.voices, "samples", slowly)
    thread = threading.Thread(target=earmark.voices.identifier)
    thread.start()
    assert has_read.wait(10)
    earmark.voices.rename("Anna", "Zoë")
    go_on.set()
    thread.join()
    assert [v.name for v in earmark.voices.identifier().voices] == ["Zoë"]


# --- a take so far ----------------------------------------------------------------------------------------------------


def test_a_take_so_far_is_judged_embedded_and_identified_in_one_pass(earmark, monkeypatch):
    enroll(earmark, "Anna", ANNA)
    detector, runs = earmark.models.speech(), []

    class Counting:
        def spans(self, audio):
            runs.append(audio)
            return detector.spans(audio)

    monkeypatch.setattr(earmark.voices, "_detector", Counting)
    audio = spoken(ANNA, 7)
    heard = earmark.voices.hear(audio)
    assert len(runs) == 1
    assert heard.quality == earmark.voices.judge(audio)
    assert heard.identification == earmark.voices.identify(audio)
    assert heard.identification.voice == "Anna"
    assert earmark.voices.identifier().identify(heard.embedding, heard.identification.speech_s, heard.quality.snr_db) == (
        heard.identification)


@pytest.mark.parametrize("audio", [silence(), Audio(np.zeros(0, np.float32), 16_000)], ids=["silence", "nothing"])
def test_a_take_without_speech_so_far_is_judged_only(earmark, audio):
    heard = earmark.voices.hear(audio)
    assert (heard.identification.status, heard.embedding, heard.quality.speech_s) == ("too-short", None, 0)


def test_forget_everything_forgets_everything(earmark):
    made = enroll(earmark, "Anna", ANNA, takes=1)
    earmark.voices.add_take(made.id, spoken(ANNA, 1), keep=True)
    vector = earmark.voices.samples(made.id)[0].embedding.vector
    earmark.settings.change(threshold=0.6)
    assert earmark.voices.identify(spoken(ANNA, 3)).voice == "Anna"
    earmark.forget_everything()
    assert earmark.voices.list() == []
    assert earmark.voices.identify(spoken(ANNA, 3)).status == "unknown"
    assert sounds_in(earmark.workspace) == []
    earmark.close()
    left = b"".join(p.read_bytes() for p in earmark.workspace.rglob("*") if p.is_file())
    assert vector.tobytes() not in left
    assert b"Anna" not in left
    with Earmark(earmark.workspace) as again:
        assert again.settings.value.threshold == 0.6  # settings stay


# --- files ------------------------------------------------------------------------------------------------------------


def test_files_are_enrolled_one_by_one_and_bad_ones_are_named(earmark, tmp_path):
    good = write_takes(tmp_path / "takes", ANNA, 2)
    (tmp_path / "text.wav").write_text("no sound")
    files.write(tmp_path / "silence.wav", silence())
    results = earmark.voices.enroll_files("Anna", [good[0], tmp_path / "text.wav", tmp_path / "silence.wav",
                                                   tmp_path / "gone.wav", good[1]])
    assert [type(r) for r in results] == [Take, Failure, Failure, Failure, Take]
    assert [r.source for r in results if isinstance(r, Take)] == [p.name for p in good]
    reasons = [r.reason for r in results if isinstance(r, Failure)]
    assert "not a sound file" in reasons[0]
    assert "0.0 s of speech" in reasons[1]
    assert "no such file" in reasons[2]
    assert (earmark.voices.get("Anna").state, earmark.voices.get("Anna").takes) == ("enrolled", 2)
    assert earmark.voices.identify_file(good[1]).voice == "Anna"


def test_repeating_skips_what_is_there_whatever_the_file_is_called(earmark, tmp_path):
    first, second = write_takes(tmp_path, ANNA, 2)
    assert len(earmark.voices.enroll_files("Anna", [first])) == 1
    renamed = first.rename(tmp_path / "renamed.wav")
    results = earmark.voices.enroll_files("anna", [renamed, second, second])
    assert [r.source for r in results] == [second.name]
    assert earmark.voices.get("Anna").takes == 2
    assert earmark.voices.enroll_files("Anna", [renamed, second]) == []
    assert earmark.voices.get("Anna").state == "enrolled"


def test_a_new_voice_of_which_no_file_could_be_used_is_not_kept(earmark, tmp_path):
    files.write(tmp_path / "silence.wav", silence())
    results = earmark.voices.enroll_files("Anna", [tmp_path / "silence.wav", tmp_path / "gone.wav"])
    assert [type(r) for r in results] == [Failure, Failure]
    assert earmark.voices.list() == []


def test_bad_files_do_not_take_away_a_voice_that_was_there(earmark, tmp_path):
    enroll(earmark, "Anna", ANNA)
    earmark.voices.enroll_files("Anna", [tmp_path / "gone.wav"])
    assert earmark.voices.get("Anna").takes == 2


def test_a_draft_that_was_there_before_stays_when_no_file_could_be_used(earmark, tmp_path):
    draft = earmark.voices.begin("Anna")
    results = earmark.voices.enroll_files("Anna", [tmp_path / "gone.wav"])
    assert [type(r) for r in results] == [Failure]
    assert earmark.voices.list() == [draft]


@pytest.mark.parametrize("then", [None, "Anna", "Bert"], ids=["nobody", "the same name", "somebody else"])
def test_enrolling_files_ends_when_the_voice_is_removed_and_nobody_gets_its_takes(earmark, tmp_path, then):
    def remove_before_the_second(progress):
        if progress.done == 1:
            earmark.voices.remove("Anna")
            if then:
                earmark.voices.begin(then)

    with pytest.raises(EnrollmentError, match="not there any more"):
        earmark.voices.enroll_files("Anna", write_takes(tmp_path, ANNA, 3), ticket=Ticket(remove_before_the_second))
    assert [(voice.name, voice.takes) for voice in earmark.voices.list()] == ([(then, 0)] if then else [])


def test_enrolling_files_ends_when_the_voice_is_removed_while_a_file_is_embedded(earmark, tmp_path, monkeypatch):
    encoder = earmark.models.voice()

    class Removing:
        spec = encoder.spec

        def embed_many(self, parts):
            earmark.voices.remove("Anna")
            return encoder.embed_many(parts)

    monkeypatch.setattr(earmark.voices, "_encoder", Removing)
    with pytest.raises(EnrollmentError, match="not there any more"):
        earmark.voices.enroll_files("Anna", write_takes(tmp_path, ANNA, 1), keep=True)
    assert earmark.voices.list() == []
    assert sounds_in(earmark.workspace) == []


def test_a_voice_that_is_renamed_while_its_files_are_enrolled_is_finished(earmark, tmp_path):
    def rename_before_the_second(progress):
        if progress.done == 1:
            earmark.voices.rename("Anna", "Zoë")

    earmark.voices.enroll_files("Anna", write_takes(tmp_path, ANNA, 2), ticket=Ticket(rename_before_the_second))
    assert [(v.name, v.state, v.takes) for v in earmark.voices.list()] == [("Zoë", "enrolled", 2)]


def test_cancelling_keeps_finished_takes_and_repeating_goes_on(earmark, tmp_path):
    paths = write_takes(tmp_path, ANNA, 3)

    def cancel_during_the_first(progress):
        if progress.done == 0:
            ticket.cancel()

    ticket = Ticket(cancel_during_the_first)
    with pytest.raises(Cancelled):
        earmark.voices.enroll_files("Anna", paths, ticket=ticket)
    voice = earmark.voices.get("Anna")
    assert (voice.takes, voice.state) == (1, "enrolling")
    assert earmark.voices.identify(spoken(ANNA, 5)).status == "unknown"
    assert [r.source for r in earmark.voices.enroll_files("Anna", paths)] == [p.name for p in paths[1:]]
    assert earmark.voices.get("Anna").state == "enrolled"


def test_cancelling_before_the_first_take_leaves_no_voice(earmark, tmp_path):
    ticket = Ticket()
    ticket.cancel()
    with pytest.raises(Cancelled):
        earmark.voices.enroll_files("Anna", write_takes(tmp_path, ANNA, 1), ticket=ticket)
    assert earmark.voices.list() == []


def test_without_weights_nothing_is_enrolled_and_no_voice_is_left(tmp_path, monkeypatch):
    monkeypatch.setenv("EARMARK_MODELS", str(tmp_path / "no models"))
    with Earmark(tmp_path / "workspace") as app:
        assert app.weights.folder == Weights().folder
        with pytest.raises(WeightsMissing):
            app.voices.enroll_files("Anna", write_takes(tmp_path, ANNA, 1))
        assert app.voices.list() == []


def test_a_name_that_is_not_utf8_and_other_rates_and_channels_are_taken(earmark, tmp_path):
    import soundfile

    wave = np.repeat(spoken(ANNA, 0).samples, 3)  # 48 kHz, crude
    odd = tmp_path / "Anna \udcff.wav"
    with odd.open("wb") as file:
        soundfile.write(file, np.stack([wave, wave], axis=1), 48_000, format="WAV")
    results = earmark.voices.enroll_files("Anna", [odd])
    assert [type(r) for r in results] == [Take]
    assert results[0].source == "Anna \\xff.wav"


def test_a_file_that_cannot_be_read_is_an_error_of_its_own(earmark, tmp_path):
    (tmp_path / "empty.wav").touch()
    with pytest.raises(DecodeError, match="empty"):
        earmark.voices.identify_file(tmp_path / "empty.wav")
    with pytest.raises(DecodeError, match="no such file"):
        earmark.voices.embed_file(tmp_path / "gone.wav")
    files.write(tmp_path / "silence.wav", silence())
    with pytest.raises(TooLittleSpeech):
        earmark.voices.embed_file(tmp_path / "silence.wav")


def test_the_hash_of_a_take_is_that_of_its_sound():
    audio = spoken(ANNA)
    assert content_hash(audio) == content_hash(Audio(audio.samples.copy(), 16_000))
    assert content_hash(audio) != content_hash(Audio(audio.samples, 8_000))
    assert content_hash(audio) != content_hash(Audio(audio.samples[:-1], 16_000))
