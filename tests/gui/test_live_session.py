"""A session of the Live page: it goes on when one listens again, and what is recorded of it is among the recordings."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from engine.errors import Busy, DeviceError, StoreError
from gui.context import Context
from gui.pages.live import LivePage, LiveSession
from gui.pages.live.shelf import LINE
from tests.gui.fakes import NOON, FakeEarmark

Make = Callable[[], LivePage]


@dataclass(frozen=True)
class Device:
    name: str
    rate_hz: int = 48_000
    default: bool = True

    @property
    def title(self) -> str:
        return self.name


@pytest.fixture
def session(context: Context) -> Iterator[LiveSession]:
    session = LiveSession.of(context)
    session.find_inputs = lambda rescan: [Device("Scarlett 2i2 USB")]
    session.make_source = lambda name: name
    yield session
    session.close()


@pytest.fixture
def page(context: Context, session: LiveSession, qtbot: QtBot) -> Iterator[LivePage]:
    page = LivePage(context)
    qtbot.addWidget(page)
    for part in (page.toolbar_left(), page.toolbar_right()):
        qtbot.addWidget(part)
    page.resize(1364, 820)
    page.show()
    page.shown()
    qtbot.waitUntil(lambda: page.devices.looked)
    yield page
    page.hidden()
    page.leaving()


def listen(page: LivePage, qtbot: QtBot) -> None:
    page.listen.click()
    qtbot.waitUntil(lambda: page.session.listening)
    page.session.poll()


def record(page: LivePage, app: FakeEarmark) -> str:
    """Record a little; returns the name of the file."""
    page.record.click()
    listener = app.voices.listener_
    assert listener is not None and listener.recording is not None
    name = listener.recording.name
    page.record.click()
    return name


# --- what is recorded -------------------------------------------------------------------------------------------------


def test_what_was_recorded_is_among_the_recordings_with_its_lanes(page: LivePage, app: FakeEarmark, qtbot: QtBot) -> None:
    offered: list[tuple[str, str, Any]] = []
    page.offered.connect(lambda *said: offered.append(said))
    listen(page, qtbot)
    name = record(page, app)
    qtbot.waitUntil(lambda: page.view.shelf.names() == [name])
    assert (offered[-1][0], offered[-1][1]) == ("The recording is kept in Recordings.", "Open")
    offered[-1][2]()
    assert page.view.isVisible() and page.view.title.text() == name
    assert [lane.name for lane in page.view.who.timeline.lanes()] == ["Amara Okafor", "Ben Lindqvist", "Stranger 1", "Stranger 2"]
    assert page.view.who.export_button.isEnabled()
    page.view.ask_name()
    assert page.view.naming.isVisible()


@pytest.mark.parametrize("how", ["listening is stopped", "the microphone goes away", "the disk is full", "the program ends"])
def test_a_recording_is_kept_however_it_ends(page: LivePage, app: FakeEarmark, qtbot: QtBot, how: str) -> None:
    listen(page, qtbot)
    page.record.click()
    listener = app.voices.listener_
    assert listener is not None and listener.recording is not None
    name = listener.recording.name
    if how == "listening is stopped":
        page.listen.click()
    elif how == "the microphone goes away":
        listener.lose(DeviceError("gone"))
        page.session.poll()
    elif how == "the disk is full":
        listener.fail_recording(StoreError("The disk is full."))
        page.session.poll()
    else:
        page.leaving()
    qtbot.waitUntil(lambda: [one.path.name for one in app.timelines.kept] == [name])
    qtbot.waitUntil(lambda: page.view.shelf.names() == [name])


def test_what_could_not_be_kept_is_said_and_the_file_is_safe(page: LivePage, app: FakeEarmark, qtbot: QtBot) -> None:
    listen(page, qtbot)
    app.timelines.fail = Busy(Path("Studio"), None)
    name = record(page, app)
    qtbot.waitUntil(lambda: page.answer.isVisible())
    assert page.answer.notice.title.text() == "Who spoke in the recording could not be kept"
    assert page.answer.notice.sentence.text().startswith("The recording itself is safe.")
    assert page.spoken.kept.text() == f"Saved as recordings/{name}"


def test_what_was_found_stays_to_be_seen_when_the_only_microphone_went_away(page: LivePage, app: FakeEarmark, qtbot: QtBot,
                                                                            session: LiveSession) -> None:
    listen(page, qtbot)
    page.record.click()
    listener = app.voices.listener_
    assert listener is not None and listener.recording is not None
    session.find_inputs, session.why_none = lambda rescan: [], lambda: "none"
    name = listener.recording.name
    listener.lose(DeviceError("gone"))
    session.poll()
    page._look_while_none()  # the timer does this every two seconds
    qtbot.waitUntil(lambda: page.devices.none_found)
    assert page.notice.isVisible() and name in page.notice.sentence.text()
    assert page.who.isVisible() and page.who.timeline.lanes() and not page.absent.isVisible()
    page.past.click()
    qtbot.waitUntil(lambda: page.view.title.text() == name)
    page.show_recordings(False)
    page.anew.click()
    assert page.absent.isVisible() and not page.who.isVisible()


def test_nothing_is_kept_when_everything_is_forgotten(page: LivePage, app: FakeEarmark, session: LiveSession,
                                                      qtbot: QtBot) -> None:
    listen(page, qtbot)
    page.record.click()
    session.forget()()
    assert app.voices.listener_ is not None and app.voices.listener_.state == "stopped"
    assert app.voices.listener_.take_recorded() == []
    assert app.timelines.kept == []


def test_a_recording_whose_file_is_gone_is_said(page: LivePage, app: FakeEarmark, qtbot: QtBot) -> None:
    app.timelines.make(Path("/talks/gone.wav"))
    page.view.recordings.refresh()
    qtbot.waitUntil(lambda: page.view.shelf.names() == ["gone.wav"])
    page.show_recordings(True)
    qtbot.waitUntil(lambda: page.view.sentence.text().startswith("the file is not where it was"))
    assert not page.view.play_button.isEnabled() and page.view.play_button.toolTip()
    assert page.view.shelf.list.item(0).data(LINE).startswith("file gone")


def test_a_recording_without_a_timeline_is_listed_and_heard_when_it_is_chosen(page: LivePage, app: FakeEarmark,
                                                                             qtbot: QtBot) -> None:
    """Such as that of a program that was killed, or of an older Earmark."""
    app.timelines.left = [(Path("/studio/recordings/Live 2026-11-20.wav"), NOON)]
    page.view.recordings.refresh()
    qtbot.waitUntil(lambda: page.view.shelf.names() == ["Live 2026-11-20.wav"])
    page.show_recordings(True)
    row = page.view.shelf.list.item(0)
    assert row.data(LINE) == "not heard yet"
    assert page.view.shelf.menu(page.view.shelf.list.visualItemRect(row).center()) is None
    page.view.shelf.list.itemClicked.emit(row)
    qtbot.waitUntil(lambda: page.view.who.isVisible() and page.view.title.text() == "Live 2026-11-20.wav")
    qtbot.waitUntil(lambda: page.view.shelf.list.item(0).data(LINE) != "not heard yet")
    assert page.view.shelf.names() == ["Live 2026-11-20.wav"]


def test_the_dialog_opens_where_recordings_are(page: LivePage, app: FakeEarmark, qtbot: QtBot, tmp_path: Path,
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def choose(parent: object, title: str, folder: str, pattern: str) -> tuple[str, str]:
        asked.append(folder)
        return "", ""

    monkeypatch.setattr(QFileDialog, "getOpenFileName", choose)
    page.open_recording()
    app.store.recordings.mkdir()
    page.view.recordings.refresh()  # as when the page is shown, or something was recorded
    qtbot.waitUntil(lambda: page.view.recordings.folder() == app.store.recordings)
    page.open_recording()
    assert asked == [str(Path.home()), str(app.store.recordings)]
    (tmp_path / "talks").mkdir()
    page.open(tmp_path / "talks" / "interview.wav")
    qtbot.waitUntil(lambda: page.view.shelf.names() == ["interview.wav"])
    page.open_recording()
    page._choose_file()
    assert asked[2:] == [str(tmp_path / "talks")] * 2


# --- the session ------------------------------------------------------------------------------------------------------


def test_listening_again_goes_on_with_the_session(page: LivePage, app: FakeEarmark, session: LiveSession, qtbot: QtBot) -> None:
    listen(page, qtbot)
    page._draw_turns()
    lanes, began, first = page.who.timeline.lanes(), session.began_at, app.voices.listener_
    assert lanes
    page.listen.click()
    assert page.who.timeline.lanes() == lanes
    listen(page, qtbot)
    page._draw_turns()
    assert page.who.timeline.lanes() == lanes
    assert session.began_at == began
    assert app.voices.went_on_after == [None, first]


@pytest.mark.parametrize("listening", [True, False])
def test_a_new_session_is_an_act_and_can_be_undone(page: LivePage, session: LiveSession, qtbot: QtBot, listening: bool) -> None:
    offered: list[tuple[str, str, Any]] = []
    page.offered.connect(lambda *said: offered.append(said))
    assert not page.anew.isEnabled() and page.anew.toolTip()
    listen(page, qtbot)
    page._draw_turns()
    lanes = page.who.timeline.lanes()
    if not listening:
        page.listen.click()
    page.anew.click()
    assert page.who.timeline.lanes() == [] and session.turns == []
    assert session.listening is listening
    assert offered[-1][1] == "Undo"
    offered[-1][2]()
    assert page.who.timeline.lanes() == lanes


def test_a_session_that_was_put_away_comes_back_while_one_listens(page: LivePage, session: LiveSession, qtbot: QtBot) -> None:
    offered: list[tuple[str, str, Any]] = []
    page.offered.connect(lambda *said: offered.append(said))
    listen(page, qtbot)
    lanes = page.who.timeline.lanes()
    page.listen.click()
    page.anew.click()
    listen(page, qtbot)
    offered[-1][2]()
    assert session.listening and page.who.timeline.lanes() == lanes


def test_a_new_session_waits_for_the_end_of_a_recording(page: LivePage, session: LiveSession, qtbot: QtBot) -> None:
    said: list[str] = []
    page.said.connect(said.append)
    listen(page, qtbot)
    page.record.click()
    assert not page.anew.isEnabled() and page.anew.toolTip() == "Stop the recording first."
    page._begin_anew()
    assert said == ["Stop the recording first."]
    assert session.turns


def test_a_recording_goes_on_in_another_file_with_another_microphone(page: LivePage, app: FakeEarmark, session: LiveSession,
                                                                    qtbot: QtBot) -> None:
    listen(page, qtbot)
    page.record.click()
    session.change("Webcam")
    qtbot.waitUntil(lambda: session.recording is not None)
    assert session.listening
    qtbot.waitUntil(lambda: len(app.timelines.kept) == 1)
    page.record.click()
    qtbot.waitUntil(lambda: len(app.timelines.kept) == 2)


# --- a press while the microphone is being opened ---------------------------------------------------------------------


@pytest.fixture
def slow(session: LiveSession) -> Iterator[threading.Event]:
    """The microphone opens when this is set. `began`: it is being opened; before that, a press that cancels opens nothing."""
    go = threading.Event()
    go.began = threading.Event()  # type: ignore[attr-defined]
    session.make_source = lambda name: (go.began.set(), go.wait(5))  # type: ignore[attr-defined]
    yield go
    go.set()


def test_record_again_while_it_opens_lets_go_of_the_microphone(page: LivePage, session: LiveSession, slow: threading.Event,
                                                               app: FakeEarmark, qtbot: QtBot) -> None:
    page.record.click()
    assert page.record.text() == "Do not record" and page.listen.text() == "Cancel"
    assert slow.began.wait(5)  # type: ignore[attr-defined]
    page.record.click()
    assert session.state == "idle" and page.record.text() == "Record" and page.listen.text() == "Listen"
    slow.set()
    qtbot.waitUntil(lambda: app.voices.listener_ is not None and app.voices.listener_.state == "stopped")
    assert session.state == "idle" and session.recording is None


def test_record_twice_while_listening_opens_takes_back_the_recording_alone(page: LivePage, session: LiveSession,
                                                                           slow: threading.Event, qtbot: QtBot) -> None:
    page.listen.click()
    page.record.click()
    assert page.record.text() == "Do not record"
    page.record.click()
    assert page.record.text() == "Record" and session.state == "starting"
    slow.set()
    qtbot.waitUntil(lambda: session.listening)
    assert session.recording is None


def test_record_pressed_three_times_while_it_opens_records(page: LivePage, session: LiveSession, slow: threading.Event,
                                                           qtbot: QtBot) -> None:
    for _ in range(3):
        page.record.click()
    slow.set()
    qtbot.waitUntil(lambda: session.recording is not None)
