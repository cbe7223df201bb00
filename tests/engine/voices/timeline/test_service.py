"""Who spoke when on made conversations with the true encoder: naming, undoing, bad input, a busy workspace."""

from __future__ import annotations

import numpy as np
import pytest

from engine.app import Earmark
from engine.audio import files
from engine.audio.resample import resample
from engine.errors import Cancelled, DecodeError, VoiceUnknown
from engine.records import Audio
from engine.tasks import Ticket
from engine.voices.timeline import recording
from tests.true_models import chord, models, silence, spoken

ANNA, STRANGER = 1, 4
PAUSE = np.zeros(12_000, np.float32)


@pytest.fixture
def earmark(tmp_path):
    with Earmark(tmp_path / "workspace") as app:
        app.__dict__["models"] = models()
        yield app


def talk(path, *voices, take=5):
    """A conversation of made voices, a turn of 4 s each with pauses between them."""
    waves = [np.r_[spoken(voice, take + number).samples, PAUSE] for number, voice in enumerate(voices)]
    files.write(path, Audio(np.concatenate(waves), 16_000))
    return path


def enroll(earmark, name, voice):
    made = earmark.voices.begin(name)
    for take in range(2):
        earmark.voices.add_take(made.id, spoken(voice, take))
    return earmark.voices.finish(made.id)


def speaker_at(timeline, time_s):
    return [timeline.tracks[t.track].label for t in timeline.turns if t.span.start_s <= time_s < t.span.end_s]


def test_a_voice_and_a_stranger_take_turns(earmark, tmp_path):
    enroll(earmark, "Anna", ANNA)
    found = earmark.timelines.make(talk(tmp_path / "a.wav", ANNA, STRANGER, ANNA))
    assert [speaker_at(found, at) for at in (2.0, 6.75, 11.5)] == [["Anna"], ["Stranger 1"], ["Anna"]]
    assert speaker_at(found, 4.4) == []  # the pause
    assert found.duration_s == pytest.approx(14.25)
    assert earmark.timelines.list() == [found]
    ends = [turn.span.end_s for turn in found.turns]
    assert all(turn.span.start_s >= end for turn, end in zip(found.turns[1:], ends, strict=False))


def test_a_stranger_named_once_is_known_everywhere_and_undone_exactly(earmark, tmp_path):
    first = earmark.timelines.make(talk(tmp_path / "a.wav", ANNA, STRANGER))
    second = earmark.timelines.make(talk(tmp_path / "b.wav", STRANGER, ANNA, take=8))
    before = (earmark.timelines.list(), earmark.voices.list())
    assert [t.label for t in first.tracks] == ["Stranger 1", "Stranger 2"]
    named = earmark.timelines.name_stranger(first.id, 2, "Dora")
    assert (named.voice, named.made_voice, named.tracks) == ("Dora", True, 2)
    assert [t.label for t in earmark.timelines.get(first.id).tracks] == ["Stranger 1", "Dora"]
    assert [t.label for t in earmark.timelines.get(second.id).tracks] == ["Dora", "Stranger 2"]
    assert earmark.voices.identify(spoken(STRANGER, 3)).voice == "Dora"
    (take,) = earmark.voices.takes(earmark.voices.get("Dora").id)
    assert (take.source, take.recording) == ("a.wav", None)
    assert take.speech_s == pytest.approx(4, abs=1)
    with pytest.raises(VoiceUnknown, match="Stranger 2"):
        earmark.timelines.name_stranger(first.id, 2, "Else")
    assert earmark.timelines.undo_naming() == named
    assert (earmark.timelines.list(), earmark.voices.list()) == before
    assert earmark.voices.identify(spoken(STRANGER, 3)).voice is None


def test_a_stranger_can_be_given_to_a_voice_that_is_there(earmark, tmp_path):
    dora = enroll(earmark, "Dora", STRANGER)
    earmark.settings.change(threshold=1.0)  # nobody is recognised
    found = earmark.timelines.make(talk(tmp_path / "a.wav", STRANGER))
    named = earmark.timelines.name_stranger(found.id, 1, "dora")
    assert (named.made_voice, earmark.voices.get("Dora").takes) == (False, 3)
    earmark.timelines.undo_naming(named.id)
    assert earmark.voices.get("Dora") == dora


def test_an_enrollment_that_is_taken_back_leaves_strangers_not_holes(earmark, tmp_path):
    with earmark.voices.history.together("enroll", "Anna"):
        enroll(earmark, "Anna", ANNA)
    made = earmark.timelines.make(talk(tmp_path / "a.wav", ANNA, STRANGER))
    assert [t.label for t in made.tracks] == ["Anna", "Stranger 1"]
    earmark.voices.undo()
    kept = earmark.timelines.get(made.id)
    assert [t.label for t in kept.tracks] == ["Stranger 2", "Stranger 1"]
    assert kept.turns == made.turns


def test_where_nobody_speaks_there_are_no_turns(earmark, tmp_path):
    for name, audio in (("silence", silence()), ("music", chord()), ("20 ms", Audio(spoken(ANNA).samples[9_000:9_320], 16_000))):
        files.write(tmp_path / f"{name}.wav", audio)
        found = earmark.timelines.make(tmp_path / f"{name}.wav")
        assert (found.tracks, found.turns, found.speech_s) == ((), (), 0), name
        assert found.duration_s == pytest.approx(audio.duration_s, abs=1e-3)


def test_half_a_second_of_speech_is_one_stranger(earmark, tmp_path):
    files.write(tmp_path / "short.wav", Audio(np.r_[PAUSE, spoken(ANNA).samples[8_000:17_000], PAUSE], 16_000))
    found = earmark.timelines.make(tmp_path / "short.wav")
    assert [t.label for t in found.tracks] == ["Stranger 1"]


def test_a_file_that_ends_early_is_an_error_and_nothing_is_kept(earmark, tmp_path):
    whole = talk(tmp_path / "a.wav", ANNA).read_bytes()
    (tmp_path / "cut.wav").write_bytes(whole[:len(whole) // 2])
    with pytest.raises(DecodeError, match="cut off"):
        earmark.timelines.make(tmp_path / "cut.wav")
    with pytest.raises(DecodeError):
        earmark.timelines.make(tmp_path / "gone.wav")
    assert earmark.timelines.list() == []


def test_cancelling_keeps_nothing(earmark, tmp_path):
    ticket = Ticket()
    ticket.cancel()
    with pytest.raises(Cancelled):
        earmark.timelines.make(talk(tmp_path / "a.wav", ANNA), ticket=ticket)
    assert earmark.timelines.list() == []


def test_in_a_busy_workspace_a_timeline_is_shown_and_not_kept(earmark, tmp_path):
    enroll(earmark, "Anna", ANNA)  # takes the lock
    with Earmark(earmark.workspace) as second:
        second.__dict__["models"] = models()
        found = second.timelines.make(talk(tmp_path / "a.wav", ANNA))
    assert (found.id, [t.label for t in found.tracks]) == (None, ["Anna"])
    assert earmark.timelines.list() == []


def test_the_same_recording_gives_the_same_timeline(earmark, tmp_path):
    path = talk(tmp_path / "a.wav", ANNA, STRANGER)
    one, two = earmark.timelines.make(path), earmark.timelines.make(path)
    assert (one.turns, [t.label for t in one.tracks]) == (two.turns, [t.label for t in two.tracks])


@pytest.mark.parametrize("rate_hz", [16_000, 44_100])
def test_two_at_once_are_both_heard(earmark, tmp_path, rate_hz):
    first, second = spoken(ANNA, 5, 8.0).samples, spoken(STRANGER, 6, 8.0).samples
    wave = np.zeros(len(first) + len(second) - 32_000, np.float32)
    wave[:len(first)] += first
    wave[-len(second):] += second
    files.write(tmp_path / "both.wav", Audio(resample(wave, 16_000, rate_hz), rate_hz))
    found = earmark.timelines.make(tmp_path / "both.wav")
    assert [track.label for track in found.tracks] == ["Stranger 1", "Stranger 2"]
    assert [speaker_at(found, at) for at in (3.0, 12.0)] == [["Stranger 1"], ["Stranger 2"]]
    both = [at for at in np.arange(6.0, 8.0, 0.1) if len(speaker_at(found, at)) == 2]
    assert len(both) > 8
    assert found.speech_s < found.duration_s < sum(track.speech_s for track in found.tracks)
    assert earmark.timelines.get(found.id).turns == found.turns


@pytest.mark.parametrize("down_db", [0, 30, 40])
def test_who_speaks_far_below_another_is_heard(earmark, tmp_path, down_db):
    quiet = spoken(STRANGER, 6).samples * np.float32(10 ** (-down_db / 20))
    noise = np.random.default_rng(3).normal(0, 10 ** (-95 / 20), 180_000).astype(np.float32)
    wave = np.concatenate([spoken(ANNA, 5).samples, PAUSE, quiet, PAUSE])
    files.write(tmp_path / "far.wav", Audio(wave + noise[:len(wave)], 16_000))
    found = earmark.timelines.make(tmp_path / "far.wav")
    assert [speaker_at(found, at) for at in (2.0, 6.5)] == [["Stranger 1"], ["Stranger 2"]]


@pytest.mark.parametrize(("people", "expected"), [((1, 1), 1), ((2, 2), 2), ((3, 3), 3), ((2, 4), 2)])
def test_how_many_speak_can_be_told(earmark, tmp_path, people, expected):
    found = earmark.timelines.make(talk(tmp_path / "a.wav", ANNA, STRANGER, ANNA), keep=False, people=people)
    assert len(found.tracks) == expected


@pytest.mark.parametrize("voices", [(ANNA,), (ANNA, STRANGER, ANNA)], ids=["shorter", "longer"])
def test_a_file_that_changes_while_it_is_heard_is_no_timeline(earmark, tmp_path, monkeypatch, voices):
    path = talk(tmp_path / "a.wav", ANNA, STRANGER)
    regions = recording.regions

    def changed(*heard):
        talk(path, *voices)
        return regions(*heard)

    monkeypatch.setattr(recording, "regions", changed)
    with pytest.raises(DecodeError, match="it changed while it was heard"):
        earmark.timelines.make(path)
    assert earmark.timelines.list() == []


@pytest.mark.parametrize("audio", [silence(), spoken(ANNA)], ids=["silence", "speech"])
def test_progress_goes_on_to_the_end(earmark, tmp_path, audio):
    files.write(tmp_path / "a.wav", audio)
    told = []
    earmark.timelines.make(tmp_path / "a.wav", ticket=Ticket(lambda progress: told.append((progress.done, progress.total))))
    seconds = [done for done, total in told if total == pytest.approx(audio.duration_s)]
    assert seconds == sorted(seconds) and seconds[-1] == pytest.approx(audio.duration_s)
