"""While something is being read, no page says that there is nothing."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtWidgets import QAbstractButton, QLabel

from gui.pages.library import LibraryPage
from gui.pages.live import LivePage
from gui.pages.map import MapPage
from gui.pages.voices import VoicesPage
from gui.widgets.controls import ElidedText
from gui.widgets.waiting import AFTER_MS


class Held:
    """Calls of one method wait until they are let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, owner: object, name: str) -> None:
        self.free = threading.Event()
        found = getattr(owner, name)

        def held(*args: object, **more: object) -> object:
            assert self.free.wait(20)
            return found(*args, **more)

        monkeypatch.setattr(owner, name, held)


def said(page) -> str:
    """All words that can be seen."""
    labels = [label.text() for label in page.findChildren(QLabel) if label.isVisible()]
    buttons = [button.text() for button in page.findChildren(QAbstractButton) if button.isVisible()]
    return "\n".join([*labels, *buttons, *(one.text() for one in page.findChildren(ElidedText) if one.isVisible())])


def opened(qtbot, page):
    qtbot.addWidget(page)
    page.resize(1300, 760)
    page.show()
    page.shown()
    return page


def test_the_library_is_read_before_it_is_called_empty(qtbot, context, monkeypatch):
    held = Held(monkeypatch, context.app.library, "stats")
    page = opened(qtbot, LibraryPage(context))
    qtbot.wait(AFTER_MS + 200)
    assert "Reading the library…" in said(page)
    assert "None yet." not in said(page)
    held.free.set()
    qtbot.waitUntil(lambda: "Reading the library…" not in said(page))
    assert page.folders.tree.isVisible()


def test_voices_are_read_before_none_is_said_to_be_there(qtbot, context, monkeypatch):
    held = Held(monkeypatch, context.app.voices, "list")
    page = opened(qtbot, VoicesPage(context))
    qtbot.wait(AFTER_MS + 200)
    assert "Reading the voices…" in said(page)
    assert "The first voice appears here" not in said(page)
    held.free.set()
    qtbot.waitUntil(lambda: page.panel.isVisible())


def test_a_voice_is_shown_before_what_is_computed_of_it(qtbot, context, monkeypatch):
    held = Held(monkeypatch, context.app.voices, "close_pairs")
    page = opened(qtbot, VoicesPage(context))
    qtbot.waitUntil(lambda: page.panel.isVisible())
    assert page.panel.details.takes
    assert page.panel.details.nearest is None
    held.free.set()
    qtbot.waitUntil(lambda: page.panel.details.nearest is not None)


def test_live_asks_nobody_to_enroll_before_it_knows_the_voices(qtbot, context, monkeypatch):
    held = Held(monkeypatch, context.app.voices, "list")
    page = opened(qtbot, LivePage(context))
    page.toolbar_right()
    page.threshold.valueChanged.emit(0.5)
    qtbot.wait(100)
    assert "Enroll a voice first" not in said(page)
    held.free.set()
    qtbot.waitUntil(lambda: page.session.known)
    qtbot.waitUntil(lambda: page.plot.plot.isVisible())
    assert "Enroll a voice first" not in said(page)


def test_live_shows_no_empty_plot_while_voices_are_projected(qtbot, context, monkeypatch):
    held = Held(monkeypatch, context.app.maps, "project")
    page = opened(qtbot, LivePage(context))
    qtbot.waitUntil(lambda: page.session.known)
    assert page.session.voices
    assert "Enroll a voice first" not in said(page)
    held.free.set()
    qtbot.waitUntil(lambda: page.session.map is not None)


def test_a_map_that_is_not_drawn_yet_counts_nothing(qtbot, context, monkeypatch):
    held = Held(monkeypatch, context.app.maps, "look")
    page = opened(qtbot, MapPage(context))
    page.open("sounds")
    qtbot.wait(AFTER_MS + 200)
    assert "Looking for what is to be drawn…" in said(page)
    assert "0 sounds" not in said(page)
    assert not page.canvas.legend.isVisible()
    held.free.set()
    qtbot.waitUntil(lambda: page.map is not None)
    assert "Nothing is drawn yet" not in said(page)
    assert not page.canvas.waiting.isVisible()
