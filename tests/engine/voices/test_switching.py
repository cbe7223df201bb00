"""Another voice encoder: kept recordings are embedded again, nothing of the old one is lost, spaces never meet."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time

import pytest

from engine.app import Earmark
from engine.audio import files
from engine.audio.microphone import FileSource
from engine.cli import voices as commands
from engine.encoders.models import Models
from engine.errors import Busy, Cancelled, EncoderError, EnrollmentError, ListBroken, Locked, UsageError
from engine.tasks import Ticket
from tests.engine.encoders import small_voice
from tests.true_models import models, spoken, write_takes

ANNA, BERT = 1, 2


@pytest.fixture
def place(tmp_path):
    """A workspace with the true encoder: Anna's three takes are kept, Bert's two are not; “small” and “other” are added."""
    with Earmark(tmp_path / "workspace", "cpu") as app:
        app.settings.change(voice="ge2e")
        for kind in ("speech", "sound", "voice ge2e"):
            app.models._loaded[kind] = models().voice_named("ge2e") if kind == "voice ge2e" else getattr(models(), kind)()
        for name, voice, takes, keep in (("Anna", ANNA, 3, True), ("Bert", BERT, 2, False)):
            made = app.voices.begin(name)
            for take in range(takes):
                app.voices.add_take(made.id, spoken(voice, take), keep=keep)
            app.voices.finish(made.id)
        app.add_model(str(small_voice.write(tmp_path / "small.onnx")), "voice")
        app.add_model(str(small_voice.write(tmp_path / "other.onnx", dim=16)), "voice")
        yield app


def samples(app):
    return [(s.take_id, s.embedding.vector.tobytes()) for s in app.voices.samples()]


def test_there_and_back_loses_nothing(place):
    before, voices = samples(place), place.voices.list()
    seen = []
    state = place.use_voice("small", Ticket(seen.append))
    assert (state.in_use, state.takes, state.embedded, state.recorded, state.to_enroll, state.failed) == (
        "small", 5, 3, 0, ("Bert",), ())
    assert [(one.done, one.total) for one in seen] == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert place.models.spec("voice").dim == small_voice.DIM
    assert {s.embedding.vector.shape for s in place.voices.samples()} == {(small_voice.DIM,)}
    anna, bert = place.voices.list()
    assert (anna.samples, anna.takes, anna.needs_enrollment) == (3, 3, False)
    assert (bert.samples, bert.takes, bert.needs_enrollment) == (0, 2, True)
    found = place.voices.identify(spoken(ANNA, 7))
    assert (found.nearest, [c.voice for c in found.candidates]) == ("Anna", ["Anna"])
    back = place.use_voice("ge2e")
    assert (back.embedded, back.to_enroll, back.calibrated) == (5, (), True)
    assert samples(place) == before
    assert place.voices.list() == voices
    assert place.voices.identify(spoken(BERT, 7)).voice == "Bert"


def test_between_the_programs_own_encoders_kept_recordings_are_embedded_and_nothing_is_lost(place):
    """Both come with statistics: the same back-end and threshold hold. (Made voices were chosen to be unlike for GE2E alone.)"""
    place.models._loaded["voice campplus"] = models().voice_named("campplus")
    before, method = samples(place), place.voices.identifier().method
    assert (place.voices_unknown_to("campplus"), place.voices_unknown_to("ge2e")) == (("Bert",), ())
    state = place.use_voice("CAMPPLUS")  # as the name may be written
    assert (state.in_use, state.embedded, state.to_enroll, state.calibrated) == ("campplus", 3, ("Bert",), True)
    assert {s.embedding.vector.shape for s in place.voices.samples()} == {(192,)}
    chosen = place.voices.identifier().method
    assert (chosen.backend.name, chosen.instead_of) == (method.backend.name, "")
    anna, bert = (place.voices.identify(spoken(voice, 7)).candidates[0] for voice in (ANNA, BERT))
    assert (anna.voice, bert.voice) == ("Anna", "Anna") and anna.similarity > bert.similarity
    assert place.use_voice("ge2e").embedded == 5
    assert samples(place) == before


def test_samples_are_those_that_enrolling_would_have_made(place):
    place.use_voice("small")
    kept = {s.take_id: s.embedding.vector for s in place.voices.samples()}
    made = place.voices.begin("Anna again")
    takes = [place.voices.add_take(made.id, spoken(ANNA, take)) for take in range(3)]
    again = {s.take_id: s.embedding.vector for s in place.voices.samples(made.id)}
    for (_, old), take in zip(sorted(kept.items()), takes, strict=True):
        assert float(old @ again[take.id]) > 0.9999  # recordings are kept in 16 bits


def test_enrolled_again_from_the_same_files_the_takes_are_not_doubled(place):
    place.use_voice("small")
    bert = place.voices.get("Bert")
    take = place.voices.add_take(bert.id, spoken(BERT, 0))
    assert take.samples == 1
    voice = place.voices.get("Bert")
    assert (voice.takes, voice.samples, voice.needs_enrollment) == (2, 1, False)
    place.use_voice("ge2e")
    assert place.voices.get("Bert").samples == 2


def test_what_was_enrolled_meanwhile_is_embedded_on_the_way_back(place):
    place.use_voice("small")
    made = place.voices.get("Anna")
    place.voices.add_take(made.id, spoken(ANNA, 8), keep=True)
    assert place.use_voice("ge2e").embedded == 6
    assert place.voices.get("Anna").samples == 4
    assert place.use_voice("small").embedded == 4


def test_a_cancelled_change_goes_on_where_it_stopped(place):
    ticket, seen = Ticket(), []

    def stop(at):
        seen.append(at.done)
        if at.done == 1:
            ticket.cancel()

    ticket._on_progress = stop
    with pytest.raises(Cancelled):
        place.use_voice("small", ticket)
    assert place.settings.value.voice == "ge2e"
    assert place.voices.identify(spoken(BERT, 7)).voice == "Bert"
    done = len(place.store.voices.samples(place.models.voice_spec("small")))
    assert 0 < done < 3
    again = []
    assert place.use_voice("small", Ticket(again.append)).embedded == 3
    assert again[-1].total == 3 - done


def test_recordings_that_are_gone_or_broken_are_told_and_do_not_stop_it(place):
    gone, broken, _ = (take.recording for take in place.voices.takes(place.voices.get("Anna").id))
    gone.unlink()
    broken.write_bytes(b"RIFF....")
    state = place.use_voice("small")
    assert {one.path for one in state.failed} == {gone, broken}
    assert all(one.reason for one in state.failed)
    assert (state.in_use, state.embedded, state.recorded, state.to_enroll) == ("small", 1, 2, ("Bert",))
    assert place.use_voice("ge2e").embedded == 5


def test_thresholds_stay_with_their_encoders(place):
    place.settings.change(threshold=0.8)
    state = place.use_voice("small")
    assert (state.threshold, state.calibrated) == (0.5, False)
    place.settings.change(threshold=0.4)
    assert place.voice_state().calibrated
    assert place.use_voice("other").threshold == 0.5
    assert place.use_voice("ge2e").threshold == 0.8
    state = place.use_voice("small")
    assert (state.threshold, state.calibrated) == (0.4, True)
    with Earmark(place.workspace) as again:
        assert again.settings.value == place.settings.value


def test_the_map_and_a_running_listener(place, tmp_path):
    def shown():
        points = place.maps.project("voices", "pca").points
        return sorted((p.label, p.kind) for p in points)

    before = shown()
    listener = place.voices.listener(FileSource(write_takes(tmp_path / "new", ANNA, 1, 6.0, first=7)[0], pace=0))
    place.use_voice("small")
    listener.start()
    listener.wait(30)
    listener.stop()
    assert listener.error is None
    assert {turn.voice for turn in listener.turns()} == {"Anna"}  # in the space that it began in
    assert {label for label, _ in shown()} == {"Anna"} != {label for label, _ in before}


def test_an_encoder_whose_file_is_gone(place, tmp_path):
    place.use_voice("small")
    shutil.move(tmp_path / "small.onnx", tmp_path / "elsewhere.onnx")
    fresh = Models(place.weights, "cpu", place.added, lambda: "compact", lambda: "small")
    with pytest.raises(EncoderError, match=r"file of “small” is not at .*models use campplus"):
        fresh.voice()
    small_voice.write(tmp_path / "small.onnx", dim=8)
    with pytest.raises(EncoderError, match="has changed since"):
        fresh.voice()
    (place.workspace / "models.toml").unlink()
    with pytest.raises(EncoderError, match="no voice encoder “small”"):
        place.voice_state()
    assert [voice.name for voice in place.voices.list()] == ["Anna", "Bert"]  # to be renamed and removed all the same
    assert place.voices.rename("Bert", "Bertha").name == "Bertha"
    assert place.use_voice("ge2e").embedded == 5
    assert place.voices.identify(spoken(ANNA, 7)).voice == "Anna"


def test_with_a_list_that_is_broken_voices_are_listed_and_the_own_encoder_can_be_chosen(place):
    place.use_voice("small")
    (place.workspace / "models.toml").write_bytes(b"[[model")
    assert [voice.name for voice in place.voices.list()] == ["Anna", "Bert"]
    assert place.voices.rename("Bert", "Bertha").name == "Bertha"
    assert commands._close(place.voices) == []
    with pytest.raises(ListBroken, match="line 1"):
        place.voices.identify(spoken(ANNA, 7))
    assert place.use_voice("GE2E").embedded == 5
    assert place.voices.identify(spoken(ANNA, 7)).voice == "Anna"


def test_a_stranger_that_another_encoder_heard_is_not_named_by_this_one(place, tmp_path):
    files.write(tmp_path / "talk.wav", spoken(4))
    heard = place.timelines.make(tmp_path / "talk.wav")
    place.use_voice("small")
    with pytest.raises(EnrollmentError, match="heard by another voice encoder"):
        place.timelines.name_stranger(heard.id, 1, "Dora")
    assert [voice.name for voice in place.voices.list()] == ["Anna", "Bert"]
    place.use_voice("ge2e")
    assert place.timelines.name_stranger(heard.id, 1, "Dora").voice == "Dora"


def test_an_encoder_that_cannot_be_used_changes_nothing(place, tmp_path):
    before = place.settings.value
    with pytest.raises(EncoderError, match="no voice encoder “bridge”"):
        place.use_voice("bridge")
    (tmp_path / "small.onnx").write_text("not a model")
    with pytest.raises(EncoderError, match="no ONNX model"):
        place.use_voice("small")
    assert place.settings.value == before
    with pytest.raises(UsageError, match="Choose another encoder first"):
        place.use_voice("other")
        place.remove_model("Other")


def test_locked_voices_are_opened_first(place):
    place.privacy.encrypt("a long passphrase of ours")
    before, folder = samples(place), place.store.folder
    place.close()
    with Earmark(folder, "cpu") as again:
        for act in (lambda: again.use_voice("small"), lambda: again.voices_unknown_to("small")):
            with pytest.raises(Locked, match="passphrase"):
                act()
        assert again.settings.value.voice == "ge2e"
        again.privacy.unlock("a long passphrase of ours")
        assert samples(again) == before
        again.models._loaded["speech"] = models().speech()
        assert again.use_voice("small").embedded == 3
        assert again.use_voice("ge2e").embedded == 5 and samples(again) == before


def test_a_second_program_is_told(place):
    with Earmark(place.workspace, "cpu") as other, pytest.raises(Busy):
        other.use_voice("small")


def test_exported_voices_come_back_with_the_samples_of_every_encoder_and_no_take_is_doubled(place, tmp_path):
    place.use_voice("small")
    known = {name: len(place.store.voices.samples(place.models.voice_spec(name))) for name in ("ge2e", "small")}
    file = tmp_path / "voices.earmark"
    place.privacy.export(file, "a long passphrase of ours")
    place.voices.remove("Anna")
    place.voices.remove("Bert")
    place.privacy.import_(file, "a long passphrase of ours")
    assert {v.name: v.takes for v in place.voices.list()} == {"Anna": 3, "Bert": 2}
    assert {name: len(place.store.voices.samples(place.models.voice_spec(name))) for name in known} == known
    first, *_ = place.voices.takes(place.voices.get("Anna").id)
    place.voices.remove_take(first.id)
    assert all(t.recording.exists() for t in place.voices.takes(place.voices.get("Anna").id))


@pytest.mark.parametrize(("source", "target"), [("ge2e", "campplus"), ("campplus", "ge2e")])
def test_voices_of_one_encoder_come_into_a_workspace_of_another_and_wait_for_theirs(tmp_path, source, target):
    def opened(name, encoder):
        app = Earmark(tmp_path / name, "cpu")
        for kind in ("speech", "sound"):
            app.models._loaded[kind] = getattr(models(), kind)()
        for own in ("ge2e", "campplus"):
            app.models._loaded[f"voice {own}"] = models().voice_named(own)
        app.use_voice(encoder)
        return app

    file = tmp_path / "voices.earmark"
    with opened("here", source) as app:
        for name, voice, keep in (("Anna", ANNA, True), ("Bert", BERT, False)):
            made = app.voices.begin(name)
            app.voices.add_take(made.id, spoken(voice), keep=keep)
            app.voices.finish(made.id)
        app.privacy.export(file, "a long passphrase of ours")
    with opened("there", target) as app:
        made = app.privacy.import_(file, "a long passphrase of ours")
        assert [(one.name, one.action, one.other_encoder == one.samples > 0) for one in made] == [
            ("Anna", "made", True), ("Bert", "made", True)]
        assert app.voice_state().to_enroll == ("Anna", "Bert")
        assert app.use_voice(target).embedded == 1  # Anna's recording came along
        assert [voice.name for voice in app.voices.list() if voice.needs_enrollment] == ["Bert"]
        assert app.use_voice(source).to_enroll == ()
        assert app.voices.identify(spoken(BERT, 7)).voice == "Bert"


def test_removing_a_voice_removes_its_samples_of_every_encoder(place):
    place.use_voice("small")
    place.voices.remove("Anna")
    for name in ("small", "ge2e"):
        spec = place.models.voice_spec(name)
        assert all(s.voice_id != 1 for s in place.store.voices.samples(spec))


KILLED = """
import sys, time
from engine.app import Earmark
from engine.tasks import Ticket
with Earmark(__import__("pathlib").Path(sys.argv[1]), "cpu") as app:
    def tell(at):
        print(int(at.done), flush=True)
        if at.done == 1:
            time.sleep(60)
    app.use_voice("small", Ticket(tell))
"""


def test_a_kill_in_the_middle(place):
    place.store.close()
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(place.workspace)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "0"
    assert process.stdout.readline().strip() == "1"
    process.send_signal(signal.SIGKILL)
    process.wait()
    time.sleep(0.1)
    with Earmark(place.workspace, "cpu") as app:
        app.__dict__["models"] = place.models
        assert app.settings.value.voice == "ge2e"
        assert len(app.voices.samples()) == 5
        assert len(app.store.voices.samples(app.models.voice_spec("small"))) == 1
        assert app.use_voice("small").embedded == 3
