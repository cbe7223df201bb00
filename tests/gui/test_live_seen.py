"""What is done on the Live page is seen where it is done: the shelf under the keys, recordings in front, other pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from engine.errors import EarmarkError
from gui.jobs import Jobs
from gui.pages.live import LivePage, LiveSession
from gui.pages.live.session_words import why_not_anew
from gui.theme import Theme
from gui.window import MainWindow
from tests.gui.fake_timelines import NOON
from tests.gui.fakes import FakeEarmark
from tests.gui.test_live_recordings import Device

UNHEARD = Path("/studio/recordings/Live 2026-11-20.wav")


@pytest.fixture
def window(app: FakeEarmark, theme: Theme, jobs: Jobs, qtbot: QtBot) -> Iterator[MainWindow]:
    window = MainWindow(app, theme, jobs, remember=False)  # type: ignore[arg-type]
    session = LiveSession.of(window.context)
    session.find_inputs = lambda rescan: [Device("Webcam")]
    session.make_source = lambda name: name
    qtbot.addWidget(window)
    window.show()
    window.show_page("live")
    qtbot.waitUntil(lambda: live(window).devices.looked)
    yield window
    app.timelines.hold.clear()
    window.close()


def live(window: MainWindow) -> LivePage:
    page = window.page("live")
    assert isinstance(page, LivePage)
    return page


def fill_shelf(page: LivePage, app: FakeEarmark, qtbot: QtBot) -> None:
    """A recording, one that was not heard yet, and an older recording."""
    for name in ("older.wav", "newer.wav"):
        app.timelines.make(Path("/talks") / name)
    newer, older = app.timelines.kept
    app.timelines.kept = [replace(newer, made_at=NOON + timedelta(days=2)), older]
    app.timelines.left = [(UNHEARD, NOON + timedelta(days=1))]
    page.view.recordings.refresh()
    qtbot.waitUntil(lambda: page.view.shelf.names() == ["newer.wav", UNHEARD.name, "older.wav"])
    page.show_recordings(True)
    page.view.shelf.list.setFocus()


def current(page: LivePage) -> str:
    item = page.view.shelf.list.currentItem()
    return "" if item is None else item.text()


def test_arrows_pass_a_recording_that_was_not_heard_yet_and_enter_hears_it(window: MainWindow, app: FakeEarmark,
                                                                           qtbot: QtBot) -> None:
    page = live(window)
    fill_shelf(page, app, qtbot)
    shelf = page.view.shelf.list
    assert (current(page), page.view.title.text()) == ("newer.wav", "newer.wav")
    qtbot.keyClick(shelf, Qt.Key.Key_Down)
    assert current(page) == UNHEARD.name and page.view.recordings.making is None
    page.view.recordings.refresh()
    qtbot.waitUntil(lambda: not page.jobs.running)
    assert current(page) == UNHEARD.name
    qtbot.keyClick(shelf, Qt.Key.Key_Down)
    assert (current(page), page.view.title.text()) == ("older.wav", "older.wav")
    qtbot.keyClick(shelf, Qt.Key.Key_Up)
    app.timelines.hold.set()
    qtbot.keyClick(shelf, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "real time" in page.view.progress.words.text())
    assert page.view.recordings.making == UNHEARD and current(page) == UNHEARD.name
    ticket = page.view.recordings._ticket
    qtbot.keyClick(shelf, Qt.Key.Key_Return)
    assert page.view.recordings._ticket is ticket  # it goes on, and does not begin again
    app.timelines.hold.clear()
    qtbot.waitUntil(lambda: page.view.title.text() == UNHEARD.name and not page.jobs.running)
    assert current(page) == UNHEARD.name


def test_a_click_hears_a_recording_that_was_not_heard_yet(window: MainWindow, app: FakeEarmark, qtbot: QtBot) -> None:
    page = live(window)
    fill_shelf(page, app, qtbot)
    shelf = page.view.shelf.list
    at = shelf.visualItemRect(shelf.item(1)).center()
    qtbot.mouseClick(shelf.viewport(), Qt.MouseButton.LeftButton, pos=at)
    qtbot.waitUntil(lambda: page.view.title.text() == UNHEARD.name and not page.jobs.running)
    assert current(page) == UNHEARD.name


def test_open_on_the_toast_of_a_kept_recording_shows_it_from_another_page(window: MainWindow, app: FakeEarmark,
                                                                          qtbot: QtBot) -> None:
    page = live(window)
    kept = app.timelines.make(Path("/talks/kept.wav"))
    window.show_page("settings")
    page.session.kept.emit([kept])
    qtbot.waitUntil(window.toast.isVisible)
    window.toast.act.click()
    assert page.isVisible() and page.view.isVisible() and page.view.title.text() == "kept.wav"


@pytest.mark.parametrize("where", ["microphone", "recordings", "settings"])
def test_that_who_spoke_could_not_be_kept_is_seen_everywhere(window: MainWindow, where: str) -> None:
    page = live(window)
    if where == "settings":
        window.show_page("settings")
    page.show_recordings(where == "recordings")
    page.session.not_kept.emit(EarmarkError("The disk is full."))
    if where == "microphone":
        assert page.answer.notice.isVisible() and page.answer.notice.sentence.text().endswith("The disk is full.")
        assert not window.toast.isVisible()
    else:
        assert window.toast.isVisible() and window.toast.words.text() == (
            "Who spoke in the recording could not be kept. The recording itself is safe. The disk is full.")


def test_keys_of_the_microphone_bring_it_into_view(window: MainWindow, qtbot: QtBot) -> None:
    page = live(window)
    page.show_recordings(True)
    window.do("live.new")  # nothing was heard: nothing is done, and it is said
    assert page.view.isVisible() and window.toast.words.text().startswith("Nothing was heard yet")
    window.do("live.record")
    assert page.record.isVisible() and not page.view.isVisible()
    qtbot.waitUntil(lambda: page.session.recording is not None)
    window.do("live.record")
    qtbot.waitUntil(lambda: page.session.can_begin_anew)
    page.show_recordings(True)
    window.do("live.new")
    assert page.now.isVisible() and window.toast.words.text() == "A new session has begun."


def test_why_there_is_no_new_session_while_the_microphone_opens(window: MainWindow, qtbot: QtBot) -> None:
    page = live(window)
    page.listen.click()
    qtbot.waitUntil(lambda: page.session.listening)
    page.listen.click()
    qtbot.waitUntil(lambda: page.anew.isEnabled())
    page.listen.click()
    assert page.session.state == "starting"
    assert why_not_anew(page.session).startswith("The microphone is being opened")
    qtbot.waitUntil(lambda: page.session.listening)


def test_a_voice_that_is_gone_is_not_among_the_nearest(window: MainWindow, app: FakeEarmark) -> None:
    now = live(window).now
    voices = app.voices.list()
    now.set_voices(voices, 0.5)
    now.show_update(replace(app.voices.made_updates()[-1], identification=app.voices.identification(0.71), speaking=True))
    near = [row.label for row in now.nearest.rows]
    assert len(near) == 3
    now.set_voices([voice for voice in voices if voice.name != near[0]], 0.5)
    assert [row.label for row in now.nearest.rows] == near[1:]
    now.show_update(replace(app.voices.made_updates()[-1], speaking=False, identification=None))
    assert now.sentence.text().startswith("Somebody unknown spoke ")
