"""What the tests of the Library page share: the page shown, and what is read from it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from engine.audio import devices
from gui.context import Context
from gui.pages.library import LibraryPage
from gui.widgets.result_table import NAME

LOUDSPEAKERS = [devices.Device("Scarlett 2i2 USB", 0, 48000, 2, True, "ALSA")]


def shown(context: Context, qtbot: QtBot, width: int = 1364, height: int = 820) -> LibraryPage:
    """The page of this program, with the keyboard."""
    page = LibraryPage(context)
    qtbot.addWidget(page)
    page.resize(width, height)
    page.show()
    qtbot.waitExposed(page)
    page.activateWindow()
    page.setFocus()
    page.shown()
    rest(page, qtbot)
    return page


def rest(page: LibraryPage, qtbot: QtBot, timeout_ms: int = 5000) -> None:
    """Wait until no job runs."""
    qtbot.waitUntil(lambda: page.context.jobs.running == [], timeout=timeout_ms)


def names(page: LibraryPage) -> list[str]:
    """The names in the table, from the top."""
    return [page.model.index(n, NAME).data() for n in range(page.model.rowCount())]


def ask(page: LibraryPage, qtbot: QtBot, text: str) -> None:
    page.query.set_text(text)
    rest(page, qtbot)


def press(page: LibraryPage, qtbot: QtBot, keys: str) -> None:
    """Type into the field, key by key."""
    page.query.field.setFocus(Qt.FocusReason.OtherFocusReason)
    qtbot.keyClicks(page.query.field, keys)
