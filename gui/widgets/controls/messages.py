"""Messages where the work is: empty state, notice, error panel, details, progress, toast."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from engine.tasks import Progress
from gui.theme import Theme
from gui.widgets.controls.buttons import Button, IconButton
from gui.widgets.controls.panels import Bar
from gui.widgets.controls.text import ElidedText, Icon, Text
from gui.words import count, data_size, time_left

TOAST_MS = 4000

SENTENCE_PX = 520  # a line that is read with ease


class EmptyState(QWidget):
    """What a page gives, one act, what it costs. Put a picture (a widget) above, buttons and lines below."""

    def __init__(self, theme: Theme, title: str, sentence: str, picture: QWidget | None = None,
                 parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(0)
        column.addStretch(1)
        if picture is not None:
            column.addWidget(picture, 0, Qt.AlignmentFlag.AlignHCenter)
            column.addSpacing(24)
        self.title = Text(theme, title, "name", weight=600)
        self.sentence = Text(theme, sentence, "body", "text2", wrap=True)
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.sentence.setFixedWidth(SENTENCE_PX)
        self.acts = QHBoxLayout()
        self.acts.setSpacing(8)
        self.below = QVBoxLayout()
        self.below.setSpacing(8)
        column.addWidget(self.title, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(8)
        middle = QHBoxLayout()  # an alignment here would forget the second line of the sentence
        middle.addStretch(1)
        middle.addWidget(self.sentence)
        middle.addStretch(1)
        column.addLayout(middle)
        column.addSpacing(20)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addLayout(self.acts)
        row.addStretch(1)
        column.addLayout(row)
        column.addSpacing(12)
        column.addLayout(self.below)
        column.addStretch(1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where the state may be narrower than its sentence (its minimum width says so), the sentence has more lines."""
        super().resizeEvent(event)
        around = self.contentsMargins().left() + self.contentsMargins().right() + 48
        self.sentence.setFixedWidth(min(SENTENCE_PX, self.width() - around))


class Notice(QFrame):
    """A sentence where the work is, with at most a few acts: what happened, what is safe, what to do."""

    def __init__(self, theme: Theme, title: str = "", sentence: str = "", tone: Literal["error", "warning"] = "warning",
                 parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.setProperty("frame", tone)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 14, 12)
        column.setSpacing(4)
        self.title = Text(theme, title, "body", weight=500, wrap=True)
        self.sentence = Text(theme, sentence, "small", "text2", wrap=True)
        self.acts = QHBoxLayout()
        self.acts.setSpacing(8)
        column.addWidget(self.title)
        column.addWidget(self.sentence)
        column.addLayout(self.acts)

    def add_act(self, text: str, slot: Callable[[], object], kind: Literal["plain", "primary", "ghost"] = "plain",
                icon: str = "") -> Button:
        button = Button(self.theme, text, icon, kind)
        button.clicked.connect(lambda *_: slot())
        if not self.acts.count():
            self.acts.addStretch(1)
        self.acts.insertWidget(self.acts.count() - 1, button)
        self.acts.setContentsMargins(0, 6, 0, 0)
        return button


class ErrorPanel(QWidget):
    """A page-sized error: icon, what happened, what is safe, acts, further hints, raw text under Details."""

    def __init__(self, theme: Theme, icon: str, title: str, sentence: str, detail: str = "",
                 parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        outer = QHBoxLayout(self)
        outer.addStretch(1)
        self._tile = _Tile(theme, icon)
        outer.addWidget(self._tile, 0, Qt.AlignmentFlag.AlignTop)
        outer.addSpacing(14)
        inner = QWidget()
        inner.setFixedWidth(502)
        self.column = QVBoxLayout(inner)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(6)
        self.title = Text(theme, title, "name", weight=600)
        self.sentence = Text(theme, sentence, "body", "text2", wrap=True)
        self.acts = QHBoxLayout()
        self.acts.setSpacing(8)
        self.acts.setContentsMargins(0, 12, 0, 12)
        self.acts.addStretch(1)
        self.hints = QVBoxLayout()
        self.hints.setSpacing(14)
        self.details = Details(theme, detail)
        self.details.setVisible(bool(detail))
        for widget in (self.title, self.sentence):
            self.column.addWidget(widget)
        self.column.addLayout(self.acts)
        self.column.addLayout(self.hints)
        self.column.addSpacing(8)
        self.column.addWidget(self.details)
        outer.addWidget(inner, 0, Qt.AlignmentFlag.AlignTop)
        outer.addStretch(1)

    def add_act(self, text: str, slot: Callable[[], object], kind: Literal["plain", "primary", "ghost"] = "plain",
                icon: str = "") -> Button:
        button = Button(self.theme, text, icon, kind, large=True)
        button.clicked.connect(lambda *_: slot())
        self.acts.insertWidget(self.acts.count() - 1, button)
        return button

    def add_hint(self, icon: str, title: str, sentence: str) -> None:
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(Icon(self.theme, icon, "text3"), 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addWidget(Text(self.theme, title, "body", weight=500))
        words.addWidget(Text(self.theme, sentence, "small", "text2", wrap=True))
        row.addLayout(words, 1)
        self.hints.addLayout(row)

    def set_detail(self, detail: str) -> None:
        self.details.set_text(detail)
        self.details.setVisible(bool(detail))


class _Tile(QWidget):
    """A tinted square with an icon in the error colour."""

    def __init__(self, theme: Theme, icon: str) -> None:
        super().__init__()
        self.theme, self.icon_name = theme, icon
        self.setFixedSize(44, 44)
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.theme.colour("error_tint"))
        painter.drawRoundedRect(self.rect(), 8, 8)
        painter.drawPixmap(11, 11, self.theme.pixmap(self.icon_name, "error", 22))


class Details(QFrame):
    """Raw text behind a word, with a button that copies it."""

    def __init__(self, theme: Theme, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.setProperty("frame", "plot")
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 4, 8, 8)
        column.setSpacing(2)
        top = QHBoxLayout()
        self._toggle = Button(theme, self.tr("Details"), "caret-down", "ghost", small=True)
        copy = Button(theme, self.tr("Copy"), "copy", "ghost", small=True)
        top.addWidget(self._toggle)
        top.addStretch(1)
        top.addWidget(copy)
        self._raw = QLabel()
        self._raw.setTextFormat(Qt.TextFormat.PlainText)
        self._raw.setFont(theme.mono())
        self._raw.setWordWrap(True)
        self._raw.setProperty("role", "text2")
        self._raw.setContentsMargins(4, 0, 4, 0)
        self._raw.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column.addLayout(top)
        column.addWidget(self._raw)
        self._toggle.clicked.connect(lambda: self._show(self._raw.isHidden()))
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._raw.text()))
        self.set_text(text)

    def set_text(self, text: str) -> None:
        self._raw.setText(text)

    def _show(self, on: bool) -> None:
        self._raw.setVisible(on)
        self._toggle.set_icon("caret-down" if on else "caret-right")


class ProgressLine(QWidget):
    """done of all, rate, time left, a bar, and × to cancel. cancelled: the × was pressed."""

    cancelled = Signal()

    def __init__(self, theme: Theme, title: str = "", bar_px: int = 120, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self._title = title
        self.words = ElidedText(theme, title, "small", "text3")
        self.bar = Bar(theme, title, 0.0, "accent")
        self.bar.setFixedWidth(bar_px)
        self.stop = IconButton(theme, "x", self.tr("Cancel {}").format(title), size=20)
        self.stop.setFixedSize(20, 20)
        self.stop.clicked.connect(self.cancelled)
        row.addWidget(self.words, 1)
        row.addWidget(self.bar)
        row.addWidget(self.stop)

    def set(self, title: str, progress: Progress | None) -> None:
        self._title = title
        self.words.set_text(progress_words(title, progress))
        known = progress is not None and progress.fraction is not None
        self.bar.setVisible(known)
        if progress is not None and progress.fraction is not None:
            self.bar.set(progress.fraction)
        self.stop.set_tip(self.tr("Cancel {}").format(title))


def progress_words(title: str, progress: Progress | None) -> str:
    """"Indexing Foley · 12,408 of 31,020 · 214 × real time · 6 min left"."""
    if progress is None:
        return title
    bits = [title]
    in_bytes = progress.unit in ("bytes", "B")
    if in_bytes:
        bits.append(data_size(progress.done, progress.total))
    elif progress.total:
        bits.append(QCoreApplication.translate("Progress", "{done} of {all}").format(
            done=count(progress.done), all=count(progress.total)))
    elif progress.done:
        bits.append(count(progress.done))
    if progress.rate:
        bits.append(f"{data_size(progress.rate)}/s" if in_bytes else f"{progress.rate:,.0f} {progress.unit}".strip())
    if progress.left_s is not None:
        bits.append(time_left(progress.left_s))
    return " · ".join(bit for bit in bits if bit)


class Toast(QFrame):
    """One line at the bottom right of its parent, for four seconds; with one act, such as Undo."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.theme, self._ground = theme, parent
        self._bottom_px = 0
        self.setProperty("frame", "toast")
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 8, 8, 8)
        row.setSpacing(12)
        self.words = Text(theme, "", "body")
        self.act = Button(theme, "", kind="ghost", small=True)
        self._slot: Callable[[], object] | None = None
        self.act.clicked.connect(self._acted)
        close = IconButton(theme, "x", self.tr("Close"), size=20)
        close.clicked.connect(self.hide)
        row.addWidget(self.words, 1)
        row.addWidget(self.act)
        row.addWidget(close)
        self._timer = QTimer(self, interval=TOAST_MS, singleShot=True)
        self._timer.timeout.connect(self.hide)
        parent.installEventFilter(self)
        self.hide()

    def keep_clear(self, bottom_px: int) -> None:
        """Stay above so many pixels at the foot of the page that is shown, beside the status bar."""
        if bottom_px != self._bottom_px:
            self._bottom_px = bottom_px
            self._place()

    def say(self, sentence: str, act: str = "", slot: Callable[[], object] | None = None) -> None:
        self.words.setText(sentence)
        self.setAccessibleName(sentence)
        self.act.setVisible(bool(act))
        self.act.setText(act)
        self._slot = slot
        self._place()
        self.show()
        self.raise_()
        self._timer.start()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return False

    def _acted(self) -> None:
        self.hide()
        if self._slot is not None:
            self._slot()

    def _place(self) -> None:
        parent = self._ground
        self.setMaximumWidth(max(200, parent.width() - 48))
        self.adjustSize()
        self.move(parent.width() - self.width() - 16, parent.height() - self.height() - 44 - self._bottom_px)
