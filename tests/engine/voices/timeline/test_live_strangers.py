"""Strangers in live listening with the true encoder: numbers that stay, and a stranger that is named while one listens."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from engine.audio import files
from engine.audio.microphone import FileSource
from engine.errors import EnrollmentError, UnlikeVoice, UsageError, VoiceUnknown
from engine.records import Audio
from tests.true_models import silence, spoken

ANNA, BERT, CARLA, DORA = 1, 2, 4, 0
PAUSE_S = 1.2


def enroll(earmark, name, voice):
    new = earmark.voices.begin(name)
    for take in range(3):
        earmark.voices.add_take(new.id, spoken(voice, take))
    earmark.voices.finish(new.id)


def talk(path, *waves, pause_s=PAUSE_S):
    """Stretches of speech with pauses between; returns where each begins and ends, seconds."""
    pause = silence(pause_s).samples
    parts, places, at = [silence(PAUSE_S).samples], [], PAUSE_S
    for wave in waves:
        parts += [wave, pause]
        places.append((at, at + len(wave) / 16_000))
        at = places[-1][1] + pause_s
    files.write(path, Audio(np.concatenate(parts), 16_000))
    return places


def listen(earmark, path):
    listener = earmark.voices.listener(FileSource(path, pace=0))
    listener.start()
    listener.wait(120)
    listener.stop()
    assert (listener.state, listener.error) == ("stopped", None)
    return listener


def heard_in(turns, place):
    """Who is heard for most of a stretch: a name, a number, or None."""
    seconds = {}
    for turn in turns:
        shared = min(turn.span.end_s, place[1]) - max(turn.span.start_s, place[0])
        if shared > 0:
            who = turn.voice or turn.stranger
            seconds[who] = seconds.get(who, 0.0) + shared
    best = max(seconds, key=lambda who: seconds[who])
    assert seconds[best] > 0.5 * (place[1] - place[0])  # readers pause
    return best


def test_two_strangers_who_take_turns_get_two_numbers_that_stay(earmark, tmp_path):
    enroll(earmark, "Anna", ANNA)
    order = (BERT, CARLA, BERT, ANNA, CARLA, BERT)
    places = talk(tmp_path / "talk.wav", *(spoken(voice, 5 + at).samples for at, voice in enumerate(order)))
    listener = listen(earmark, tmp_path / "talk.wav")
    assert [heard_in(listener.turns(), place) for place in places] == [1, 2, 1, "Anna", 2, 1]
    assert {turn.stranger for turn in listener.turns() if turn.voice} == {None}
    told = [u for u in listener.updates(0)[1] if u.stranger is not None]
    assert {u.stranger for u in told} == {1, 2}
    assert all(u.identification.status == "unknown" for u in told)
    first = next(u.time_s for u in told)
    assert first - places[0][0] <= 2.1  # 1.5 s of speech, and a step


def test_a_stranger_with_pauses_keeps_the_number(earmark, tmp_path):
    """Pauses inside a sentence, between sentences, and a long one."""
    waves = [spoken(CARLA, take, seconds).samples for take, seconds in ((5, 4.0), (6, 2.0), (7, 3.0), (8, 2.0))]
    waves.insert(3, silence(8.0).samples)
    places = talk(tmp_path / "talk.wav", *waves)
    turns = listen(earmark, tmp_path / "talk.wav").turns()
    assert {turn.stranger for turn in turns} == {1}
    assert all(heard_in(turns, places[at]) == 1 for at in (0, 1, 2, 4))


def test_strangers_can_be_named_and_that_can_be_undone(earmark, tmp_path):
    places = talk(tmp_path / "talk.wav", *(spoken(voice, 5 + at).samples for at, voice in enumerate((BERT, CARLA, BERT))))
    listener = listen(earmark, tmp_path / "talk.wav")
    assert [heard_in(listener.turns(), place) for place in places] == [1, 2, 1]
    heard = listener.stranger(1)
    assert heard.samples
    assert all(np.linalg.norm(e.vector) == pytest.approx(1, abs=1e-5) for e, _ in heard.samples)
    assert 3 < heard.speech_s < 9
    assert -50 < heard.level_dbfs < 0

    voice = earmark.timelines.name_live_stranger(listener, 1, "Bert")
    assert (voice.name, voice.state, voice.takes) == ("Bert", "enrolled", 1)
    assert [heard_in(listener.turns(), place) for place in places] == ["Bert", 2, "Bert"]
    assert {turn.stranger for turn in listener.turns() if turn.voice == "Bert"} == {1}
    assert earmark.voices.identify(spoken(BERT, 9)).nearest == "Bert"
    assert earmark.voices.identify(spoken(BERT, 9)).status in ("match", "tentative")
    take = earmark.voices.takes(voice.id)[0]
    assert (take.recording, take.consent_at) == (None, None)
    assert not list(earmark.workspace.rglob("*.wav"))

    earmark.voices.rename("Bert", "Robert")
    listener.look_again()
    assert heard_in(listener.turns(), places[0]) == "Robert"
    earmark.voices.undo()
    undone = earmark.voices.undo()
    assert (undone.kind, undone.voice) == ("enroll", "Bert")
    listener.look_again()
    assert [heard_in(listener.turns(), place) for place in places] == [1, 2, 1]
    assert earmark.voices.list() == []
    earmark.voices.redo()
    listener.look_again()
    assert heard_in(listener.turns(), places[0]) == "Bert"


def test_a_stranger_can_be_one_more_take_of_a_voice(earmark, tmp_path):
    enroll(earmark, "Anna", ANNA)
    talk(tmp_path / "talk.wav", spoken(BERT, 5).samples)
    listener = listen(earmark, tmp_path / "talk.wav")
    with pytest.raises(UnlikeVoice, match="Stranger 1 does not sound like Anna"):
        earmark.timelines.name_live_stranger(listener, 1, "Anna")
    assert earmark.voices.get("Anna").takes == 3
    assert {turn.voice for turn in listener.turns()} == {None}
    voice = earmark.timelines.name_live_stranger(listener, 1, "Anna", anyway=True)
    assert voice.takes == 4
    earmark.voices.undo()
    assert earmark.voices.get("Anna").takes == 3


@pytest.mark.parametrize("known", [False, True], ids=["a new voice", "a known voice"])
def test_naming_goes_through_the_recordings_of_before_and_undo_too(earmark, tmp_path, known):
    if known:
        enroll(earmark, "Bert", ANNA)  # somebody else's samples: the strangers follow what is added
    for at in range(2):
        talk(tmp_path / f"{at}.wav", spoken(BERT, 9 + at).samples, spoken(CARLA, 9 + at).samples)
        earmark.timelines.make(tmp_path / f"{at}.wav")
    before = earmark.timelines.list()
    assert all([t.label for t in one.tracks] == ["Stranger 1", "Stranger 2"] for one in before)
    talk(tmp_path / "talk.wav", *(spoken(BERT, take).samples for take in (5, 6, 7)))
    listener = listen(earmark, tmp_path / "talk.wav")
    earmark.timelines.name_live_stranger(listener, 1, "Bert", anyway=known)
    assert [[t.label for t in one.tracks] for one in earmark.timelines.list()] == [["Bert", "Stranger 2"]] * 2
    earmark.voices.undo()
    assert earmark.timelines.list() == before
    assert earmark.timelines.namings() == []
    earmark.voices.redo()
    assert [one.name for one in earmark.voices.list()] == ["Bert"]
    assert earmark.timelines.list() == before


def test_naming_says_what_is_wrong_and_changes_nothing(earmark, tmp_path):
    talk(tmp_path / "talk.wav", spoken(BERT, 5).samples)
    listener = listen(earmark, tmp_path / "talk.wav")
    with pytest.raises(VoiceUnknown, match="Stranger 7"):
        earmark.timelines.name_live_stranger(listener, 7, "Bert")
    with pytest.raises(UsageError):
        earmark.timelines.name_live_stranger(listener, 1, "  ")
    assert earmark.voices.list() == []
    assert {turn.voice for turn in listener.turns()} == {None}


def test_a_stranger_that_is_named_while_it_speaks_is_recognised_from_then_on(earmark, tmp_path):
    places = talk(tmp_path / "talk.wav", *(spoken(BERT, take).samples for take in (5, 6, 7, 8)))
    listener = earmark.voices.listener(FileSource(tmp_path / "talk.wav", pace=0))
    listener.lanes.go_on(earmark.models.spec("voice"))  # from here on these are the strangers of the session
    named, hear = threading.Event(), listener.lanes._strangers.hear

    def hear_and_name(*heard):
        """From another thread, as the window does, as soon as the first stretch is over."""
        found = hear(*heard)
        if listener.elapsed_s > places[1][0] and not named.is_set():
            named.set()
            naming.start()
        return found

    naming = threading.Thread(target=lambda: earmark.timelines.name_live_stranger(listener, 1, "Bert"))
    listener.lanes._strangers.hear = hear_and_name
    listener.start()
    listener.wait(120)
    naming.join()
    listener.stop()
    turns = listener.turns()
    assert [heard_in(turns, place) for place in places] == ["Bert"] * 4
    assert any(turn.voice == "Bert" and turn.stranger is None for turn in turns)  # by the identifier itself
    assert {turn.stranger for turn in turns} <= {1, None}


def test_another_encoder_meanwhile_is_said(earmark, tmp_path, monkeypatch):
    from dataclasses import replace

    talk(tmp_path / "talk.wav", spoken(BERT, 5).samples)
    listener = listen(earmark, tmp_path / "talk.wav")
    spec = earmark.timelines._spec()
    monkeypatch.setattr(earmark.timelines, "_spec", lambda: replace(spec, sha256="0" * 64))
    with pytest.raises(EnrollmentError, match="another voice encoder"):
        earmark.timelines.name_live_stranger(listener, 1, "Bert")


@pytest.mark.shared_data
def test_recorded_strangers_who_take_turns_get_numbers_that_stay(earmark, tmp_path, shared_data):
    """Three readers of librispeech-10x10, which no constant was chosen on."""
    folder = shared_data / "speech" / "librispeech-10x10"
    order = ("1688", "2414", "1688", "367", "2414", "367", "1688")
    waves = []
    for at, name in enumerate(order):
        path = sorted((folder / name).glob("*.flac"))[at]
        waves.append(files.read(path, 16_000).samples[:6 * 16_000])
    places = talk(tmp_path / "talk.wav", *waves)
    turns = listen(earmark, tmp_path / "talk.wav").turns()
    assert [heard_in(turns, place) for place in places] == [1, 2, 1, 3, 2, 3, 1]
