"""The window's size on its screen, and its end: quick, at any moment, as often as it is asked for."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, QRect, QSize
from PySide6.QtGui import QScreen
from pytestqt.qtbot import QtBot

from engine.tasks import Ticket
from gui.audition import Audition
from gui.jobs import READING_S, Jobs
from gui.theme import Theme
from gui.window import PAGES, MainWindow
from tests.gui.fakes import FakeEarmark, FakePlayer

Make = Callable[[], MainWindow]


@pytest.fixture
def make(app: FakeEarmark, theme: Theme, jobs: Jobs, qtbot: QtBot) -> Make:
    def made() -> MainWindow:
        window = MainWindow(app, theme, jobs, Audition(jobs, app.settings, lambda *_: FakePlayer()))  # type: ignore[arg-type]
        qtbot.addWidget(window)
        return window
    return made


@pytest.mark.parametrize("room", [QRect(0, 0, 1280, 800), QRect(0, 27, 853, 506), QRect(64, 0, 1856, 1080)],
                         ids=["1280x800", "1280x800 at 150 %, with a panel", "1920x1080 beside a dock"])
def test_the_window_is_not_larger_than_its_screen(make: Make, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot, room: QRect) -> None:
    monkeypatch.setattr(QScreen, "availableGeometry", lambda screen: room)
    window = make()
    assert window.height() <= room.height() and window.width() <= room.width()
    window.start()
    qtbot.waitUntil(lambda: window.current == "live")
    assert room.contains(window.frameGeometry())
    if room.width() > 1440 and room.height() > 940:
        assert window.size() == QSize(1440, 900)


def test_size_and_place_are_remembered_where_they_still_fit(make: Make, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot) -> None:
    window = make()  # on the screen of the tests, 800 × 800
    window.start()
    window.setGeometry(0, 90, 800, 650)
    qtbot.waitUntil(lambda: window.current == "live")
    place = window.geometry()
    assert (place.y(), place.height()) == (90, 650)
    window.close()
    again = make()
    again.start()
    qtbot.waitUntil(lambda: again.current == "live")
    assert again.geometry() == place
    again.close()
    room = QRect(0, 0, 700, 680)
    monkeypatch.setattr(QScreen, "availableGeometry", lambda screen: room)
    small = make()
    small.start()
    qtbot.waitUntil(lambda: small.current == "live")
    assert room.contains(small.frameGeometry())


def test_a_window_that_was_closed_maximised_has_its_least_size_too(make: Make, monkeypatch: pytest.MonkeyPatch,
                                                                   qtbot: QtBot) -> None:
    monkeypatch.setattr(QScreen, "availableGeometry", lambda screen: QRect(0, 0, 1920, 1080))
    window = make()
    window.showMaximized()
    window.close()
    again = make()
    assert again.isMaximized() and again.minimumSize() == QSize(960, 600)
    again.start()
    qtbot.waitUntil(lambda: again.current == "live")
    monkeypatch.setattr(QScreen, "availableGeometry", lambda screen: QRect(0, 0, 1000, 700))
    again.showNormal()
    qtbot.waitUntil(lambda: QRect(0, 0, 1000, 700).contains(again.frameGeometry()))
    again.close()


def test_the_window_may_be_closed_twice_whatever_runs(make: Make, app: FakeEarmark, jobs: Jobs, qtbot: QtBot) -> None:
    window, go, ended = make(), threading.Event(), []
    window.start()
    for page in PAGES:
        window.show_page(page)
    jobs.run(window, lambda ticket: go.wait(20), lane="models", done=ended.append)  # models that load

    def scan(ticket: Ticket) -> None:
        while True:
            ticket.report(1, 100)
            time.sleep(0.01)

    jobs.run(window, scan, title="Indexing", cancelled=lambda: ended.append("scan"), failed=ended.append)
    with qtbot.captureExceptions() as wrong:
        window.show_commands()
        assert window.close()
        window.close()
        qtbot.wait(30)
        begun = time.monotonic()
        assert not jobs.shutdown(READING_S)
        assert time.monotonic() - begun < 1.5
        window.close()
        go.set()
        qtbot.wait(30)
    assert wrong == [] and ended == []


def test_leaving_waits_for_what_may_write_and_not_for_what_only_reads(qtbot: QtBot) -> None:
    jobs, owner, go, written = Jobs(), QObject(), threading.Event(), []

    def write(what: str) -> Callable[[Ticket], None]:
        def work(ticket: Ticket) -> None:
            begun.set()
            time.sleep(0.6)  # a batch that is under way comes to its end
            written.append(what)
        return work

    for lane, title in (("store", ""), ("files", "Indexing")):
        begun = threading.Event()
        jobs.run(owner, write(lane), lane=lane, title=title)  # type: ignore[arg-type]
        assert begun.wait(2)
    loading = threading.Event()
    jobs.run(owner, lambda ticket: (loading.set(), go.wait(20)), lane="models")
    assert loading.wait(2)
    start = time.monotonic()
    assert not jobs.shutdown(0.2)
    assert sorted(written) == ["files", "store"] and time.monotonic() - start < 1.8
    go.set()


LEAVE = """
import atexit, sys, threading, time
from concurrent.futures import ThreadPoolExecutor
from gui import app
ThreadPoolExecutor().submit(time.sleep, 60)  # Python would wait for it
atexit.register(time.sleep, 60)
print("closed")
app.leave(3)
"""


def test_the_process_ends_at_once_when_everything_is_closed() -> None:
    begun = time.monotonic()
    done = subprocess.run([sys.executable, "-c", LEAVE], capture_output=True, text=True, timeout=50, cwd=Path.cwd(), check=False)
    assert (done.returncode, done.stdout) == (3, "closed\n"), done.stderr
    assert time.monotonic() - begun < 30


@pytest.mark.parametrize("streams", ["sys.stdout = sys.stderr = None", "os.close(reader); sys.stdout.write('x' * 10)"],
                         ids=["without a console", "nobody reads any more"])
def test_the_process_ends_at_once_whatever_became_of_its_output(streams: str) -> None:
    code = f"""
import os, sys
from gui import app
reader, writer = os.pipe()
sys.stdout = os.fdopen(writer, "w")
{streams}
app.leave(3)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50, cwd=Path.cwd(), check=False)
    assert done.returncode == 3, done.stderr


def test_the_first_window_leaves_room_for_a_frame_that_comes_later(make: Make, monkeypatch: pytest.MonkeyPatch,
                                                                   qtbot: QtBot) -> None:
    room, framed = QRect(0, 0, 1440, 900), [False]
    monkeypatch.setattr(QScreen, "availableGeometry", lambda screen: room)
    bare = MainWindow.frameGeometry
    monkeypatch.setattr(MainWindow, "frameGeometry",
                        lambda window: window.geometry().adjusted(0, 0, 2, 25) if framed[0] else bare(window))
    window = make()
    window.start()
    qtbot.waitUntil(lambda: window.current == "live")
    framed[0] = True
    qtbot.waitUntil(lambda: room.contains(window.frameGeometry()))
    assert window.height() >= 850
    window.close()
