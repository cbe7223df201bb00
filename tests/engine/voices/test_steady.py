"""Listening goes on: a database that does not answer for a moment, a session that is begun anew in the midst of speech, a disk
that is dead."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from engine import tasks
from engine.audio import files
from engine.audio.microphone import FileSource
from engine.errors import Cancelled, StoreError
from engine.records import Audio, FloatArray
from engine.store.voices import VoiceStore
from engine.tasks import Ticket
from engine.voices.timeline import service as timelines
from tests.true_models import spoken

ANNA = 1


@pytest.fixture
def enrolled(earmark):
    voice = earmark.voices.begin("Anna")
    for take in range(2):
        earmark.voices.add_take(voice.id, spoken(ANNA, take))
    earmark.voices.finish(voice.id)
    return earmark


def broken(*_: object) -> int:
    raise StoreError("The disk did not answer.")


# --- the database -----------------------------------------------------------------------------------------------------


def test_voices_are_those_of_before_while_the_database_does_not_answer(enrolled, monkeypatch):
    before = enrolled.voices.identifier()
    with monkeypatch.context() as patch:
        patch.setattr(VoiceStore, "version", broken)
        assert enrolled.voices.identifier() is before
        enrolled.settings.change(threshold=0.9)  # what is cached is of another one
        with pytest.raises(StoreError):
            enrolled.voices.identifier()
    enrolled.voices.rename("Anna", "Zoë")
    assert [voice.name for voice in enrolled.voices.identifier().voices] == ["Zoë"]


def test_a_read_that_fails_does_not_end_listening(enrolled, tmp_path, monkeypatch):
    files.write(tmp_path / "talk.wav", spoken(ANNA, 5))
    version, asked = VoiceStore.version, []

    def at_times(store: VoiceStore) -> int | None:
        asked.append(0)
        return broken() if len(asked) % 2 == 0 else version(store)

    monkeypatch.setattr(VoiceStore, "version", at_times)
    listener = enrolled.voices.listener(FileSource(tmp_path / "talk.wav", pace=0))
    listener.start()
    listener.wait(60)
    listener.stop()
    assert (listener.state, listener.error) == ("stopped", None)
    assert {turn.voice for turn in listener.turns()} == {"Anna"}
    embedded = sum(update.embedding is not None for update in listener.updates(0)[1])
    assert len(asked) == embedded > 5  # once a step


# --- another session --------------------------------------------------------------------------------------------------


class AtOnce:
    """A source that gives all it has in one block, as after a long wait for the interpreter."""

    rate_hz, overflows, lost, error = 16_000, 0, False, None

    def __init__(self, samples: FloatArray) -> None:
        self._samples, self.ended = samples, False

    def start(self) -> None:
        pass

    def read(self) -> FloatArray:
        found, self._samples = self._samples, np.zeros(0, np.float32)
        self.ended = not len(found)
        return found

    def close(self) -> None:
        pass


class Watched:
    """The encoder; tells how much speech it is given, and calls something at one of its embeddings."""

    def __init__(self, encoder, at: int, then: Callable[[], object]) -> None:
        self._encoder, self._at, self._then = encoder, at, then
        self.given_s: list[float] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._encoder, name)

    def embed(self, audio: Audio) -> object:
        self.given_s.append(audio.duration_s)
        if len(self.given_s) == self._at:
            self._then()
        return self._encoder.embed(audio)


def test_what_was_being_said_stays_in_the_session_that_is_left(enrolled):
    """Begun anew in the midst of a block and of a step: nothing said before comes into the new session or its updates."""
    sound = np.concatenate([spoken(ANNA, 5).samples, spoken(ANNA, 6).samples])
    listener = enrolled.voices.listener(AtOnce(sound))
    left, told = [], []

    def anew() -> None:
        told.append(listener.updates(0)[0])
        left.append(listener.begin_anew())

    encoder = listener._encoder = Watched(listener._encoder, 12, anew)
    listener.start()
    listener.wait(60)
    listener.stop()
    old, new = left[0], listener.lanes
    assert old.elapsed_s + new.elapsed_s == pytest.approx(len(sound) / 16_000, abs=0.05)
    assert encoder.given_s[11] > 2 > 1.5 > encoder.given_s[12]  # a new run
    assert old.turns()[-1].span.end_s == pytest.approx(old.elapsed_s, abs=0.01)
    assert all(turn.span.start_s >= 0 for turn in new.turns()) and new.turns()
    assert all(update.used_s <= update.time_s + 0.1 for update in listener.updates(told[0])[1])


# --- a dead disk ------------------------------------------------------------------------------------------------------


@pytest.fixture
def dead(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Callable[..., object]]]:
    """Makes a function hang, as a file on a network disk that does not answer."""
    answer = threading.Event()
    monkeypatch.setattr(tasks, "STUCK_S", 0.3)
    monkeypatch.setattr(tasks, "COMING_HOME_S", 0.2, raising=False)

    def hangs(inner: Callable[..., object]) -> Callable[..., object]:
        def called(*arguments: object, **options: object) -> object:
            answer.wait(20)
            return inner(*arguments, **options)
        return called

    yield hangs
    answer.set()


def hanging_blocks(inner):
    def stream(*arguments: object, **options: object) -> Iterator[FloatArray]:
        yield inner()
    return stream


@pytest.mark.parametrize("what", ["timeline: hash", "timeline: header", "timeline: samples", "enrolling"])
def test_a_file_that_does_not_answer_holds_up_no_cancelling_and_is_named(enrolled, tmp_path, monkeypatch, dead, what):
    path: Path = tmp_path / "dead.wav"
    files.write(path, spoken(ANNA, 5))
    if what == "timeline: hash":
        monkeypatch.setattr(timelines, "file_hash", dead(timelines.file_hash))
    elif what == "timeline: header":
        monkeypatch.setattr(files, "info", dead(files.info))
    elif what == "timeline: samples":
        monkeypatch.setattr(files, "stream", hanging_blocks(dead(lambda: np.zeros(16_000, np.float32))))
    else:
        monkeypatch.setattr(files, "read", dead(files.read))
    ticket = Ticket()
    threading.Timer(1.0, ticket.cancel).start()
    began = time.monotonic()
    with pytest.raises(Cancelled, match=r"dead\.wav"):
        if what == "enrolling":
            enrolled.voices.enroll_files("Anna", [path], ticket=ticket)
        else:
            enrolled.timelines.make(path, ticket=ticket)
    assert time.monotonic() - began < 8
