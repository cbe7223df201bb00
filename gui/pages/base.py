"""What a page is: a widget with a title, a scope line, controls for the toolbar, and a life while it is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QSplitter, QWidget

from gui.actions import keeps_key
from gui.context import Context


class Page(QWidget):
    """Base of all pages. The window makes a page when it is first asked for, calls `shown` and `hidden` as it comes and
    goes, and puts `toolbar_left()` after the scope and `toolbar_right()` at the right end of the toolbar (asked once).

    go(page id, what): show another page; `what` is handed to its `open`.    said(sentence): a toast.
    offered(sentence, act, slot): a toast with one act, such as Undo.
    microphone(open): the microphone was opened or closed; the rail shows it on Live.
    models_changed: files or the processor of the models changed.    forgotten: everything was forgotten; all refresh.
    """

    id: ClassVar[str] = ""
    icon: ClassVar[str] = ""  # Phosphor name; "-fill" is used while the page is shown
    bottom_px: ClassVar[int] = 0  # height at the bottom of the page that a toast must not cover

    scope_changed = Signal(str)
    status_changed = Signal(str)
    go = Signal(str, object)
    said = Signal(str)
    offered = Signal(str, str, object)
    microphone = Signal(bool)
    models_changed = Signal()
    forgotten = Signal()

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context
        self.app, self.theme, self.jobs = context.app, context.theme, context.jobs
        self.audition = context.audition
        self.scope, self.status = "", ""
        self.splitters: dict[str, QSplitter] = {}
        self._timers: list[QTimer] = []
        self._is_shown = False
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # a press beside a text field takes the keys back from it

    @property
    def title(self) -> str:
        """The word in the rail and at the left of the toolbar."""
        return ""

    def toolbar_left(self) -> QWidget | None:
        """Controls after title and scope."""
        return None

    def toolbar_right(self) -> QWidget | None:
        """Controls at the right end."""
        return None

    def shown(self) -> None:
        """The page comes into view. Call super: it starts the page's timers and refreshes."""
        self._is_shown = True
        for timer in self._timers:
            timer.start()
        self.refresh()

    def hidden(self) -> None:
        """The page goes out of view. Call super: it stops the page's timers."""
        self._is_shown = False
        for timer in self._timers:
            timer.stop()

    def refresh(self) -> None:
        """Ask the engine again and show what is there now. Must be safe to call at any time."""

    def open(self, what: object) -> None:
        """Another page sent something here (a path, a sound, a voice's name). Called after `shown`."""

    def models_ready(self) -> None:
        """The models finished loading (or failed to); refresh what waited for them."""

    def leaving(self) -> None:
        """The window closes: let go of devices, stop what runs."""

    def set_scope(self, text: str) -> None:
        """The grey words after the title, such as "48,217 sounds · 131 h"."""
        self.scope = text
        self.scope_changed.emit(text)

    def set_status(self, text: str) -> None:
        """The page's own words at the right of the status bar."""
        self.status = text
        self.status_changed.emit(text)

    def every(self, milliseconds: int, slot: Callable[[], object]) -> QTimer:
        """A timer that runs only while the page is shown."""
        timer = QTimer(self, interval=milliseconds)
        timer.timeout.connect(slot)
        self._timers.append(timer)
        if self._is_shown:
            timer.start()
        return timer

    def remember(self, name: str, splitter: QSplitter) -> QSplitter:
        """Keep where this splitter stands from one start to the next."""
        self.splitters[name] = splitter
        return splitter

    def bind(self, entry_id: str, slot: Callable[[], object]) -> QAction:
        """Give an action of the table its slot; its keys work while this page is visible."""
        return self.context.actions.bind(entry_id, self, slot)

    def event(self, event: QEvent) -> bool:
        if keeps_key(event):
            event.accept()
            return True
        return super().event(event)
