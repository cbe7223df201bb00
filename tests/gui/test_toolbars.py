"""Toolbars in small windows: nothing lies over anything else, and nothing is cut off."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox, QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from gui.jobs import Jobs
from gui.pages.live import LiveSession
from gui.theme import Theme
from gui.window import PAGES, MainWindow
from tests.gui.fakes import FakeEarmark

SIZES = [(853, 533), (960, 600), (1100, 700), (1280, 800), (1440, 900)]
LONG = "Scarlett 18i20 USB Audio Interface, 3rd Generation: Analogue 1 + 2 (hw:CARD=USB,DEV=0)"


class Device:
    def __init__(self, name: str) -> None:
        self.name = self.title = name
        self.rate_hz, self.default = 48_000, True


@pytest.fixture
def window(app: FakeEarmark, theme: Theme, jobs: Jobs, qtbot: QtBot) -> Iterator[MainWindow]:
    window = MainWindow(app, theme, jobs, remember=False)  # type: ignore[arg-type]
    session = LiveSession.of(window.context)
    session.find_inputs = lambda rescan: [Device(LONG)]
    session.make_source = lambda name: name
    qtbot.addWidget(window)
    window.show()
    yield window
    window.close()


def controls(bar: QWidget) -> dict[str, QRect]:
    """What can be seen and used in a toolbar, in its own coordinates."""
    found = {}
    for number, widget in enumerate(bar.findChildren(QWidget)):
        if isinstance(widget, QAbstractButton | QComboBox | QAbstractSpinBox | QLabel | QLineEdit) and widget.isVisible():
            parent = widget.parentWidget()
            if isinstance(parent, QComboBox | QAbstractSpinBox):
                continue  # inside another one
            words = getattr(widget, "text", lambda: "")() or widget.accessibleName()
            found[f"{number} {type(widget).__name__} {words}"] = QRect(widget.mapTo(bar, QPoint(0, 0)), widget.size())
    return found


def check(window: MainWindow, page: str, qtbot: QtBot) -> None:
    qtbot.wait(30)
    bar = window.toolbars.currentWidget()
    found = controls(bar)
    for name, box in found.items():
        assert bar.rect().contains(box), f"{page}: {name} is cut off at {window.width()}: {box}"
        assert box.width() >= 20 or "Label" in name or "Text" in name, f"{page}: {name} is {box.width()} px wide"
    for (one, a), (other, b) in combinations(found.items(), 2):
        assert not a.intersects(b), f"{page}: {one} and {other} at {window.width()}"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("page", list(PAGES))
def test_nothing_in_a_toolbar_lies_over_anything_else(window: MainWindow, qtbot: QtBot, page: str, size: tuple[int, int]) -> None:
    window.show_page(page)
    window.setMinimumSize(*size)  # of a smaller screen than this one
    window.resize(*size)
    qtbot.wait(50)
    assert (window.width(), window.height()) == size
    check(window, page, qtbot)


@pytest.mark.parametrize("size", SIZES)
def test_the_toolbar_of_live_has_room_in_every_state(window: MainWindow, qtbot: QtBot, size: tuple[int, int]) -> None:
    window.show_page("live")
    window.setMinimumSize(*size)
    window.resize(*size)
    live = window.pages["live"]
    qtbot.waitUntil(lambda: live.devices.looked)
    check(window, "live, idle", qtbot)
    live.listen.click()
    check(window, "live, opening", qtbot)
    qtbot.waitUntil(lambda: live.session.listening)
    live.record.click()
    live.session.listener.updates_ = [live.session.listener.updates_[-1].__class__(
        36_000.0 + 754, False, None, None, 0.0, 0.0, (), 21.0)]  # ten hours
    live._left.say_elapsed()
    check(window, "live, recording", qtbot)
    live.record.click()
    live.show_recordings(True)
    check(window, "recordings", qtbot)
