"""Live in small windows: whatever stands there, nothing is cut off; what has no room below is scrolled to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from engine.errors import DeviceError
from gui.jobs import Jobs
from gui.pages.live import LivePage, LiveSession
from gui.theme import Theme
from gui.widgets.controls import Button
from gui.window import MainWindow
from tests.gui.fakes import FakeEarmark, FakeListener
from tests.gui.test_live_recordings import Device

SIZES = [(853, 533), (960, 600), (1100, 700), (1440, 900)]  # the first is what 1280 × 800 leaves at 150 %
FULL = "The recording itself is safe. The disk is full, and nothing more can be written to it before there is room again."


@pytest.fixture
def window(app: FakeEarmark, theme: Theme, jobs: Jobs, qtbot: QtBot) -> Iterator[MainWindow]:
    window = MainWindow(app, theme, jobs, remember=False)  # type: ignore[arg-type]
    session = LiveSession.of(window.context)
    session.find_inputs, session.make_source = lambda rescan: [Device("Webcam")], lambda name: name
    session.why_none = lambda: "none"
    qtbot.addWidget(window)
    window.show()
    yield window
    app.timelines.hold.clear()
    window.close()


def show(window: MainWindow, qtbot: QtBot) -> LivePage:
    window.show_page("live")
    page = window.page("live")
    assert isinstance(page, LivePage)
    qtbot.waitUntil(lambda: page.devices.looked)
    return page


def check(window: MainWindow, page: LivePage, size: tuple[int, int], qtbot: QtBot, scrolls: bool = False) -> None:
    """scrolls: it may have more height than there is."""
    window.setMinimumSize(*size)  # as `fit_to_screen` does
    window.resize(*size)
    qtbot.wait(30)
    assert (window.width(), window.height()) == size
    least = page.minimumSizeHint()
    assert least.width() <= page.width() and least.height() <= page.height(), (least, page.size())
    for area in page.findChildren(QScrollArea):
        if area.isVisible():
            assert area.horizontalScrollBar().maximum() == 0
            assert scrolls or area.verticalScrollBar().maximum() == 0
    for part in page.findChildren(QWidget):
        if part.isVisible() and isinstance(part, Button):
            assert part.width() >= part.sizeHint().width(), part.text()
            inside = part.parentWidget()
            assert inside is not None and inside.rect().contains(part.geometry()), part.text()


@pytest.mark.parametrize("size", SIZES)
def test_listening_and_its_troubles_fit(window: MainWindow, app: FakeEarmark, size: tuple[int, int], qtbot: QtBot) -> None:
    last = app.voices.made_updates()[-1]
    found = replace(app.voices.identification(0.63), margin=124.2, margin_unit="nats")
    app.voices.listener_ = FakeListener([replace(last, identification=found)])
    page = show(window, qtbot)
    check(window, page, size, qtbot)
    page.listen.click()
    qtbot.waitUntil(lambda: page.session.listening)
    page.session.poll()
    check(window, page, size, qtbot)
    assert page.now.badge.text() == "tentative" and page.now.margin.text() == "+124.2 nats"
    qtbot.waitUntil(lambda: page.now.margin.width() >= page.now.margin.sizeHint().width())  # the layout follows
    assert page.now.margin.mapTo(page.now, page.now.margin.rect().bottomRight()).y() < page.now.height()
    page.answer.say("Who spoke in the recording could not be kept", FULL)
    check(window, page, size, qtbot, scrolls=True)
    page.session.error, page.session.state = DeviceError("The microphone was unplugged."), "lost"
    page.session.changed.emit()
    check(window, page, size, qtbot, scrolls=True)


@pytest.mark.parametrize("size", SIZES)
def test_that_there_is_no_microphone_fits(window: MainWindow, size: tuple[int, int], qtbot: QtBot) -> None:
    LiveSession.of(window.context).find_inputs = lambda rescan: []
    page = show(window, qtbot)
    assert page.absent.isVisible()
    check(window, page, size, qtbot)
    page.answer.say("Who spoke in the recording could not be kept", FULL)
    check(window, page, size, qtbot, scrolls=True)


@pytest.mark.parametrize("size", SIZES)
def test_recordings_fit(window: MainWindow, app: FakeEarmark, size: tuple[int, int], qtbot: QtBot) -> None:
    page = show(window, qtbot)
    page.show_recordings(True)
    check(window, page, size, qtbot)
    page.open(Path("/talks/interview with quite a long name.wav"))
    qtbot.waitUntil(lambda: page.view.who.isVisible() and not page.jobs.running)
    check(window, page, size, qtbot)
    app.timelines.hold.set()
    page.open(Path("/talks/second.wav"))
    page.view.notice.title.setText("The recording cannot be played")
    page.view.notice.sentence.setText(FULL)
    page.view.notice.show()
    check(window, page, size, qtbot, scrolls=True)
