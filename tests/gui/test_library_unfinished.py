"""A scan that was broken off is gone on with after the next start, and said where it is not."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from engine.audio import devices
from engine.errors import LibraryError
from engine.records import UnfinishedScan
from gui.audition import Audition
from gui.jobs import Jobs
from gui.pages.library import LibraryPage
from gui.reindexing import unfinished_words
from gui.theme import Theme
from gui.window import MainWindow
from tests.gui.fakes import FakeEarmark, FakePlayer
from tests.gui.library_page import LOUDSPEAKERS


@pytest.fixture
def window(app: FakeEarmark, theme: Theme, jobs: Jobs, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[MainWindow]:
    """A window that starts where the scan before was broken off."""
    monkeypatch.setattr(devices, "outputs", lambda rescan=False: LOUDSPEAKERS)
    app.library.left_over = UnfinishedScan(1200, 5000)
    app.library.hold.set()
    made = MainWindow(app, theme, jobs, Audition(jobs, app.settings, lambda *_: FakePlayer()), remember=False)  # type: ignore[arg-type]
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    made.show_page("library")
    made.warm()
    yield made
    app.library.hold.clear()
    qtbot.waitUntil(lambda: jobs.running == [])  # pytest-qt has closed the window by now


def test_it_goes_on_behind_the_window_and_says_so(window: MainWindow, app: FakeEarmark, jobs: Jobs, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: app.library.scans == 1)
    assert window.toast.words.text() == "The last scan stopped at 1,200 of 5,000 sounds. It goes on now."
    qtbot.waitUntil(lambda: window.status.progress.isVisible())
    assert window.status.progress.words.text().startswith("Indexing")
    page = window.page("library")
    assert isinstance(page, LibraryPage) and not page.ground.unfinished.isVisible()
    app.library.hold.clear()
    qtbot.waitUntil(lambda: jobs.running == [])
    assert app.library.scans == 1 and not page.ground.unfinished.isVisible()


def test_where_it_is_cancelled_the_page_says_so_with_the_act_that_goes_on(window: MainWindow, app: FakeEarmark, jobs: Jobs,
                                                                     qtbot: QtBot) -> None:
    page = window.page("library")
    assert isinstance(page, LibraryPage)
    qtbot.waitUntil(lambda: window.status.progress.isVisible())
    for again in (1, 2):  # a second time: of a scan of the page itself
        window.status.progress.cancelled.emit()
        qtbot.waitUntil(page.ground.unfinished.isVisible)
        assert page.ground.unfinished.title.text() == "The last scan stopped at 1,200 of 5,000 sounds."
        next(b for b in page.ground.unfinished.findChildren(QPushButton) if b.text() == "Go on").click()
        qtbot.waitUntil(lambda n=again + 1: app.library.scans == n)
        assert not page.ground.unfinished.isVisible()
    app.library.hold.clear()
    qtbot.waitUntil(lambda: jobs.running == [])
    assert not page.ground.unfinished.isVisible()


def test_sounds_whose_vectors_are_lost_are_counted_with_the_act_that_makes_them_again(
        window: MainWindow, app: FakeEarmark, jobs: Jobs, qtbot: QtBot) -> None:
    app.library.hold.clear()
    qtbot.waitUntil(lambda: jobs.running == [])
    page = window.page("library")
    assert isinstance(page, LibraryPage) and not page.ground.damaged.isVisible()
    app.library.damaged = 3
    page.query.set_text("rain")
    qtbot.waitUntil(page.ground.damaged.isVisible)
    assert page.ground.damaged.title.text() == "3 sounds could not be compared."
    app.library.fail = LibraryError("The database is busy.")
    page.query.set_text("wind")  # what was said of the answer before goes with it
    qtbot.waitUntil(page.notice.isVisible)
    assert not page.ground.damaged.isVisible()
    page._again()
    qtbot.waitUntil(page.ground.damaged.isVisible)
    app.library.damaged, scans = 0, app.library.scans
    page.ground.damaged.findChildren(QPushButton)[0].click()
    qtbot.waitUntil(lambda: app.library.scans == scans + 1 and jobs.running == [] and not page.ground.damaged.isVisible())


def test_a_scan_that_the_user_cancelled_stays_so(window: MainWindow, app: FakeEarmark, jobs: Jobs, qtbot: QtBot) -> None:
    page = window.page("library")
    assert isinstance(page, LibraryPage)
    qtbot.waitUntil(lambda: app.library.scans == 1)
    window.reindexing.stop()
    qtbot.waitUntil(page.ground.unfinished.isVisible)
    page.scanning.scan()
    qtbot.waitUntil(lambda: app.library.scans == 2)
    page.scanning.cancel()
    qtbot.waitUntil(page.ground.unfinished.isVisible)
    window.toast.hide()
    window.warm()  # as when a model was fetched or added
    qtbot.waitUntil(lambda: jobs.running == [])
    assert app.library.scans == 2 and not window.toast.isVisible() and page.ground.unfinished.isVisible()
    page.scanning.scan()  # what is asked for counts again
    qtbot.waitUntil(lambda: app.library.scans == 3)
    assert not window.reindexing.stopped
    app.library.hold.clear()
    qtbot.waitUntil(lambda: jobs.running == [])


def test_nothing_is_said_to_go_on_where_nothing_does(window: MainWindow, app: FakeEarmark, jobs: Jobs, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: app.library.scans == 1)
    window.reindexing.stop()
    qtbot.waitUntil(lambda: jobs.running == [])
    app.lost["compact"] = "Its file is not there any more."
    window.toast.hide()
    window.reindexing.stopped = False
    window.reindexing.look(then_scan=True)
    qtbot.waitUntil(lambda: jobs.running == [])
    assert app.library.scans == 1 and not window.toast.isVisible()


def test_a_scan_that_ends_well_leaves_no_word_of_the_one_before(window: MainWindow, app: FakeEarmark, jobs: Jobs, qtbot: QtBot,
                                                                monkeypatch: pytest.MonkeyPatch) -> None:
    page = window.page("library")
    assert isinstance(page, LibraryPage)
    qtbot.waitUntil(lambda: app.library.scans == 1)
    window.reindexing.stop()
    qtbot.waitUntil(page.ground.unfinished.isVisible)
    shown: list[bool] = []
    show = page.ground.unfinished.setVisible
    monkeypatch.setattr(page.ground.unfinished, "setVisible", lambda on: (shown.append(on), show(on)))
    app.library.hold.clear()
    page.scanning.scan()
    qtbot.waitUntil(lambda: app.library.scans == 2 and jobs.running == [])
    assert shown and not any(shown)


def test_the_page_is_not_stuck_when_everything_was_forgotten_while_it_asked(window: MainWindow, app: FakeEarmark, jobs: Jobs,
                                                                            qtbot: QtBot) -> None:
    page, gate = window.page("library"), threading.Event()
    assert isinstance(page, LibraryPage)
    app.library.hold.clear()
    qtbot.waitUntil(lambda: jobs.running == [])
    jobs.run(page, lambda ticket: gate.wait(5), lane="store")
    page.search()
    page.refresh()
    jobs.cancel_changes()
    gate.set()
    qtbot.waitUntil(lambda: jobs.running == [])
    app.library = type(app.library)(app.workspace, empty=True)
    page.searching.app.library = app.library
    page.refresh()
    qtbot.waitUntil(lambda: jobs.running == [])
    assert page._known is not None and page._known.stats.sounds == 0


def test_a_scan_that_had_every_sound_is_not_said_to_have_stopped_at_all_of_them() -> None:
    assert unfinished_words(UnfinishedScan(7, 7)) == unfinished_words(UnfinishedScan(0, None)) == (
        "The last scan of the folders was broken off.")
    assert unfinished_words(UnfinishedScan(6, 7)) == "The last scan stopped at 6 of 7 sounds."
