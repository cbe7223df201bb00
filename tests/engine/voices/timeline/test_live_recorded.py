"""What is recorded of a live session is kept as a timeline; a session goes on when one listens again."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from engine.audio import files
from engine.audio.microphone import FileSource
from engine.errors import DecodeError
from engine.records import Audio
from tests.engine.voices.timeline.test_live_strangers import BERT, CARLA, PAUSE_S, enroll, heard_in, talk
from tests.true_models import spoken

ANNA = 1


class Stepped:
    """A file that is heard up to a moment, and on when it is told so."""

    def __init__(self, path, until_s):
        self._inner = FileSource(path, pace=0)
        self.rate_hz, self.overflows, self.lost, self.error = self._inner.rate_hz, 0, False, None
        self._given, self.until_s = 0, until_s
        self.reached = threading.Event()

    def start(self):
        self._inner.start()

    @property
    def ended(self):
        return self._inner.ended

    def read(self):
        if self._given >= self.until_s * self.rate_hz:
            self.reached.set()
            return np.zeros(0, np.float32)
        block = self._inner.read()
        self._given += len(block)
        return block

    def close(self):
        self._inner.close()


def record_between(earmark, path, begin_s, end_s, target):
    """Hear a file and record it from one moment to another; returns the listener, stopped at its end."""
    source = Stepped(path, begin_s)
    listener = earmark.voices.listener(source)
    listener.start()
    assert source.reached.wait(60)
    listener.record(target)
    source.reached.clear()
    source.until_s = end_s
    assert source.reached.wait(60)
    listener.stop_recording()
    source.until_s = 1e9
    listener.wait(60)
    listener.stop()
    assert (listener.state, listener.error) == ("stopped", None)
    return listener


def seconds(timeline, track):
    return sum(turn.span.duration_s for turn in timeline.turns if turn.track == track)


def test_what_is_recorded_is_kept_as_a_timeline_and_only_that(earmark, tmp_path):
    """Carla speaks before the recording, Anna and Bert in it, Carla again after it."""
    enroll(earmark, "Anna", ANNA)
    places = talk(tmp_path / "talk.wav", *(spoken(v, 5 + at).samples for at, v in enumerate((CARLA, ANNA, BERT, BERT, CARLA))))
    begin_s, end_s = places[1][0] - PAUSE_S / 2, places[3][1] + PAUSE_S / 2
    target = earmark.store.recordings / "Live.wav"
    listener = record_between(earmark, tmp_path / "talk.wav", begin_s, end_s, target)
    assert heard_in(listener.turns(), places[0]) == 1
    recorded, = listener.take_recorded()
    assert listener.take_recorded() == []
    kept = earmark.timelines.keep_recorded(recorded)

    assert earmark.timelines.list() == [kept]
    assert kept.path == target
    assert kept.duration_s == pytest.approx(end_s - begin_s, abs=0.2)
    assert [(track.voice, track.stranger) for track in kept.tracks] == [("Anna", None), (None, 2)]
    assert kept.tracks[0].similarity > 0.5
    assert all(0 <= turn.span.start_s < turn.span.end_s <= kept.duration_s for turn in kept.turns)
    assert seconds(kept, 0) == pytest.approx(places[1][1] - places[1][0], abs=1.2)
    heard = earmark.store.timelines.stranger(kept.id, 2, earmark.models.spec("voice"))
    assert heard.samples and -50 < heard.level_dbfs < 0

    naming = earmark.timelines.name_stranger(kept.id, 2, "Bert")
    assert naming.voice == "Bert"
    assert [track.voice for track in earmark.timelines.get(kept.id).tracks] == ["Anna", "Bert"]
    assert earmark.voices.identify(spoken(BERT, 9)).nearest == "Bert"


def test_samples_of_a_stranger_are_of_recorded_speech_alone(earmark, tmp_path):
    """She speaks on while Record is pressed: no sample reaches back before that."""
    talk(tmp_path / "talk.wav", np.concatenate([spoken(BERT, 5).samples, spoken(BERT, 6).samples]))
    heard = {}
    for begin_s in (PAUSE_S + 3.0, PAUSE_S + 6.0):
        listener = record_between(earmark, tmp_path / "talk.wav", begin_s, PAUSE_S + 8.0, tmp_path / f"{begin_s}.wav")
        recorded, = listener.take_recorded()
        track, = recorded.tracks
        heard[begin_s] = sum(speech_s for _, speech_s in track.samples)
        assert heard[begin_s] <= PAUSE_S + 8.0 - begin_s + 0.1
        assert max((speech_s for _, speech_s in listener.stranger(1).samples)) > 2.0
    assert heard[PAUSE_S + 3.0] > 2.0


def test_a_stranger_that_was_named_is_a_voice_in_the_recording_and_a_stranger_when_that_is_undone(earmark, tmp_path):
    places = talk(tmp_path / "talk.wav", spoken(BERT, 5).samples, spoken(CARLA, 6).samples, spoken(BERT, 7).samples)
    source = Stepped(tmp_path / "talk.wav", places[1][1])
    listener = earmark.voices.listener(source)
    listener.record(tmp_path / "Live.wav")
    listener.start()
    assert source.reached.wait(60)
    earmark.timelines.name_live_stranger(listener, 1, "Bert")
    source.until_s = 1e9
    listener.wait(60)
    listener.stop()
    kept = earmark.timelines.keep_recorded(*listener.take_recorded())
    assert [(track.voice, track.stranger, track.status) for track in kept.tracks] == [
        ("Bert", 1, "match"), (None, 2, "unknown")]
    earmark.voices.undo()
    assert [(track.voice, track.stranger) for track in earmark.timelines.get(kept.id).tracks] == [(None, 1), (None, 2)]


def test_what_a_stranger_said_under_a_name_is_hers_when_the_naming_is_undone_while_one_listens(earmark, tmp_path):
    places = talk(tmp_path / "talk.wav", spoken(BERT, 5).samples, spoken(BERT, 7).samples, spoken(BERT, 8).samples)
    source = Stepped(tmp_path / "talk.wav", places[0][1])
    listener = earmark.voices.listener(source)
    listener.record(tmp_path / "Live.wav")
    listener.start()
    assert source.reached.wait(60)
    earmark.timelines.name_live_stranger(listener, 1, "Bert")
    source.reached.clear()
    source.until_s = places[2][0] - PAUSE_S / 2
    assert source.reached.wait(60)
    assert [heard_in(listener.turns(), place) for place in places[:2]] == ["Bert", "Bert"]
    assert {turn.stranger for turn in listener.turns()} == {1, None}  # known again by the voice that she was given
    earmark.voices.undo()
    listener.look_again()
    assert {(turn.voice, turn.stranger, turn.status) for turn in listener.turns()} == {(None, 1, "unknown")}
    source.until_s = 1e9
    listener.wait(60)
    listener.stop()
    recorded, = listener.take_recorded()
    kept = earmark.timelines.keep_recorded(recorded)
    assert {track.voice for track in kept.tracks} == {None}
    stranger = next(track for track in kept.tracks if track.stranger == 1)
    assert stranger.speech_s > 0.6 * sum(end - begin for begin, end in places[:2])
    earmark.timelines.name_live_stranger(listener, 1, "Bert")  # again, and of the same name
    assert {turn.voice for turn in listener.turns() if turn.stranger == 1} == {"Bert"}


def test_a_voice_that_was_removed_before_it_is_kept_is_not_in_it(earmark, tmp_path):
    enroll(earmark, "Anna", ANNA)
    talk(tmp_path / "talk.wav", spoken(ANNA, 5).samples, spoken(BERT, 6).samples)
    listener = earmark.voices.listener(FileSource(tmp_path / "talk.wav", pace=0))
    listener.record(tmp_path / "Live.wav")
    listener.start()
    listener.wait(60)
    listener.stop()
    earmark.voices.remove("Anna")
    kept = earmark.timelines.keep_recorded(*listener.take_recorded())
    assert [(track.voice, track.stranger) for track in kept.tracks] == [(None, 1)]


def test_a_recording_that_is_gone_is_said(earmark, tmp_path):
    talk(tmp_path / "talk.wav", spoken(BERT, 6).samples)
    listener = record_between(earmark, tmp_path / "talk.wav", 0.0, 3.0, tmp_path / "Live.wav")
    recorded, = listener.take_recorded()
    (tmp_path / "Live.wav").unlink()
    with pytest.raises(DecodeError):
        earmark.timelines.keep_recorded(recorded)


def test_listening_again_goes_on_with_the_session(earmark, tmp_path):
    first = talk(tmp_path / "first.wav", spoken(BERT, 5).samples)
    again = talk(tmp_path / "again.wav", spoken(CARLA, 6).samples, spoken(BERT, 7).samples)
    one = earmark.voices.listener(FileSource(tmp_path / "first.wav", pace=0))
    one.start()
    one.wait(60)
    one.stop()
    until_s = one.elapsed_s
    two = earmark.voices.listener(FileSource(tmp_path / "again.wav", pace=0), one)
    assert two.elapsed_s == until_s
    two.start()
    two.wait(60)
    two.stop()
    assert two.elapsed_s == pytest.approx(until_s + files.info(tmp_path / "again.wav").duration_s, abs=0.1)
    turns = two.turns()
    assert heard_in(turns, first[0]) == 1
    assert [heard_in(turns, (start + until_s, end + until_s)) for start, end in again] == [2, 1]
    earmark.timelines.name_live_stranger(two, 1, "Bert")
    assert heard_in(two.turns(), first[0]) == "Bert"


def test_a_voice_that_is_renamed_has_one_lane_under_its_new_name(earmark, tmp_path):
    enroll(earmark, "Anna", ANNA)
    talk(tmp_path / "talk.wav", spoken(ANNA, 5).samples)
    one = earmark.voices.listener(FileSource(tmp_path / "talk.wav", pace=0))
    one.start()
    one.wait(60)
    one.stop()
    assert {turn.voice for turn in one.turns()} == {"Anna"}
    earmark.voices.rename("Anna", "Zoë")
    one.look_again()
    assert {turn.voice for turn in one.turns()} == {"Zoë"}
    two = earmark.voices.listener(FileSource(tmp_path / "talk.wav", pace=0), one)
    two.record(tmp_path / "Live.wav")
    two.start()
    two.wait(60)
    two.stop()
    assert {turn.voice for turn in two.turns()} == {"Zoë"}
    assert [track.voice for track in earmark.timelines.keep_recorded(*two.take_recorded()).tracks] == ["Zoë"]


def test_a_new_session_begins_while_one_listens_and_the_old_one_can_come_back(earmark, tmp_path):
    places = talk(tmp_path / "talk.wav", spoken(BERT, 5).samples, spoken(CARLA, 6).samples)
    source = Stepped(tmp_path / "talk.wav", places[0][1] + PAUSE_S / 2)
    listener = earmark.voices.listener(source)
    listener.start()
    assert source.reached.wait(60)
    old = listener.begin_anew()
    assert (listener.turns(), listener.elapsed_s) == ([], 0.0)
    source.until_s = 1e9
    listener.wait(60)
    listener.stop()
    assert {turn.stranger for turn in listener.turns()} == {1}
    assert heard_in(old.turns(), places[0]) == 1
    listener.begin_anew(old)
    assert heard_in(listener.turns(), places[0]) == 1


def test_the_strangers_of_another_encoder_keep_their_numbers(earmark):
    """A session goes on with another voice encoder: who is new gets the next number."""
    from dataclasses import replace

    from engine.records import Embedding, Identification
    from engine.voices.timeline.live_lanes import LiveLanes

    lanes, spec = LiveLanes(), earmark.models.spec("voice")
    nobody = Identification("unknown", None, None, None, None, 2.0)

    def speak(direction):
        vector = np.zeros(spec.dim, np.float32)
        vector[direction] = 1.0
        lanes.elapsed_s += 2.0
        return lanes.speech(nobody, Embedding(vector), 2.0, np.full(32_000, 0.1, np.float32))

    lanes.go_on(spec)
    assert speak(0) == 1
    lanes.pause()
    lanes.go_on(replace(spec, name="another"))
    assert speak(0) == 2
    assert lanes.stranger(1).spec == spec
    assert lanes.stranger(2).spec.name == "another"


def test_speech_too_short_for_anybody_is_kept_as_unknown_and_cannot_be_named(earmark, tmp_path):
    talk(tmp_path / "talk.wav", spoken(BERT, 5, 1.3).samples)
    listener = record_between(earmark, tmp_path / "talk.wav", 0.0, 3.5, tmp_path / "Live.wav")
    kept = earmark.timelines.keep_recorded(*listener.take_recorded())
    track, = kept.tracks
    assert (track.voice, track.stranger, track.label, track.samples) == (None, None, "Unknown", 0)
    assert earmark.store.timelines.strangers(earmark.models.spec("voice")) == []


def test_recordings_without_a_timeline_are_found(earmark, tmp_path):
    earmark.store.recordings.mkdir(exist_ok=True)
    for name in ("one", "two"):
        files.write(earmark.store.recordings / f"{name}.wav", spoken(BERT, 5))
    assert {path.stem for path, _ in earmark.timelines.unheard([])} == {"one", "two"}
    made = earmark.timelines.make(earmark.store.recordings / "one.wav")
    assert [path.stem for path, _ in earmark.timelines.unheard(earmark.timelines.list())] == ["two"]
    assert earmark.timelines.gone([made]) == frozenset()
    (earmark.store.recordings / "one.wav").unlink()
    assert earmark.timelines.gone([made]) == {made.id}


def test_a_recording_that_nobody_speaks_in_is_kept_too(earmark, tmp_path):
    files.write(tmp_path / "talk.wav", Audio(np.zeros(32_000, np.float32), 16_000))
    listener = record_between(earmark, tmp_path / "talk.wav", 0.0, 1.5, tmp_path / "Live.wav")
    kept = earmark.timelines.keep_recorded(*listener.take_recorded())
    assert (kept.tracks, kept.turns) == ((), ())


def test_who_listens_while_a_stranger_is_named_knows_the_name_afterwards(earmark, tmp_path, monkeypatch):
    """The identifier is asked between the change and its end, and must not be kept as it was then."""
    talk(tmp_path / "talk.wav", spoken(BERT, 5).samples)
    listener = earmark.voices.listener(FileSource(tmp_path / "talk.wav", pace=0))
    listener.start()
    listener.wait(60)
    listener.stop()
    same = earmark.timelines._same

    def ask_meanwhile(*what):
        """As the thread of a listener does, which reads what was there before the transaction."""
        other = threading.Thread(target=earmark.voices.identifier)
        other.start()
        other.join()
        return same(*what)

    earmark.voices.identifier()  # what is read before the naming is written counts no more after it
    monkeypatch.setattr(earmark.timelines, "_same", ask_meanwhile)
    earmark.timelines.name_live_stranger(listener, 1, "Bert")
    assert [voice.name for voice in earmark.voices.identifier().voices] == ["Bert"]
    assert {turn.voice for turn in listener.turns()} == {"Bert"}
