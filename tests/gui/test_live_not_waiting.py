"""The window waits for no disk and no device: recordings on a dead disk, a microphone and a loudspeaker that do not close."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from engine.errors import StoreError
from engine.records import Timeline
from gui.audition import Audition
from gui.context import Context
from gui.jobs import Jobs
from gui.pages.live import LiveSession
from gui.pages.live.recordings import Recordings
from tests.gui.fakes import FakeEarmark, FakePlayer


@pytest.fixture
def answer() -> Iterator[threading.Event]:
    """Until it is set, nothing answers."""
    event = threading.Event()
    yield event
    event.set()


def test_recordings_are_listed_while_their_disk_does_not_answer(context: Context, app: FakeEarmark, answer: threading.Event,
                                                                monkeypatch: pytest.MonkeyPatch, qtbot: QtBot) -> None:
    kept = app.timelines.make(Path("/talks/gone.wav"))
    there = Path.is_dir
    asked: list[threading.Thread] = []

    def gone(timelines: list[Timeline]) -> frozenset[int]:
        answer.wait(20)
        return frozenset({1})

    def is_dir(path: Path) -> bool:
        asked.append(threading.current_thread())
        return there(path)

    monkeypatch.setattr(app.timelines, "gone", gone)
    monkeypatch.setattr(Path, "is_dir", is_dir)
    recordings = Recordings(context)
    for _ in range(5):  # shown again and again: it is more than the lane has threads
        recordings.refresh()
    qtbot.waitUntil(lambda: recordings.kept == [kept])
    assert recordings.gone == frozenset() and recordings.folder() == Path.home()
    done: list[str] = []
    for lane in ("store", "files"):
        context.jobs.run(recordings, lambda ticket: None, lane=lane, done=lambda _: done.append(""))  # type: ignore[arg-type]
    qtbot.waitUntil(lambda: len(done) == 2)
    assert threading.main_thread() not in asked
    answer.set()
    qtbot.waitUntil(lambda: recordings.gone == {1})


def test_the_folder_of_the_last_recording_is_offered(context: Context, app: FakeEarmark, tmp_path: Path, qtbot: QtBot) -> None:
    (tmp_path / "talks").mkdir()
    recordings = Recordings(context)
    recordings.refresh()
    qtbot.waitUntil(lambda: recordings.listed)
    assert recordings.folder() == Path.home()
    recordings.make(tmp_path / "talks" / "one.wav")
    assert recordings.folder() == tmp_path / "talks"
    qtbot.waitUntil(lambda: len(recordings.kept) == 1)
    again = Recordings(context)
    again.refresh()
    qtbot.waitUntil(lambda: again.folder() == tmp_path / "talks")


def test_leaving_waits_for_a_microphone_that_does_not_close_but_the_window_does_not(
        context: Context, app: FakeEarmark, jobs: Jobs, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot) -> None:
    session = LiveSession.of(context)
    session.make_source = lambda name: name
    session.start()
    qtbot.waitUntil(lambda: session.listening)
    listener = app.voices.listener_
    assert listener is not None
    stop = listener.stop

    def slowly() -> None:
        time.sleep(0.8)
        stop()

    monkeypatch.setattr(listener, "stop", slowly)
    began = time.monotonic()
    session.close()
    assert time.monotonic() - began < 0.4
    jobs.shutdown()
    assert listener.state == "stopped"


def test_updates_that_nobody_asked_for_yet_are_not_of_the_new_session(context: Context, app: FakeEarmark,
                                                                      monkeypatch: pytest.MonkeyPatch, qtbot: QtBot) -> None:
    session = LiveSession.of(context)
    session.make_source = lambda name: name
    session.start()
    qtbot.waitUntil(lambda: session.listening)
    listener = app.voices.listener_
    assert listener is not None and listener.updates_
    session._timer.stop()
    session._since = 0
    monkeypatch.setattr(listener, "begin_anew", lambda lanes=None: ([], []))  # as the engine, whose updates are of all sessions
    updated: list[Any] = []
    session.updated.connect(updated.append)
    bring_back = session.begin_anew()
    session.poll()
    assert bring_back is not None and updated == [] and session.last is None


def test_the_loudspeaker_is_closed_where_the_volume_cannot_be_written(app: FakeEarmark, jobs: Jobs, answer: threading.Event,
                                                                      monkeypatch: pytest.MonkeyPatch, qtbot: QtBot) -> None:
    player = FakePlayer()
    audition = Audition(jobs, app.settings, lambda *_: player)  # type: ignore[arg-type]
    audition.play(Path("a.wav"))
    qtbot.waitUntil(lambda: player.played != [])
    audition.set_volume_db(-20)

    def full(**_: object) -> None:
        raise StoreError("The settings cannot be written.")

    def close() -> None:
        answer.wait(0.8)
        player.closed = True

    monkeypatch.setattr(app.settings, "change", full)
    monkeypatch.setattr(player, "close", close)
    began = time.monotonic()
    audition.close()
    assert time.monotonic() - began < 0.4
    jobs.shutdown()
    assert player.closed
