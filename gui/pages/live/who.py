"""The panels of what was heard so far: who spoke when, and how much."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from engine.records import IdentificationStatus, Turn
from gui.theme import Theme
from gui.widgets.controls import ElidedText, Icon, IconButton, Panel, Text, rule
from gui.widgets.timeline import Timeline, clock, paint_turn
from gui.widgets.voice_rows import BarRow, BarRows


class WhoPanel(QFrame):
    """The timeline with its legend and zoom."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.setProperty("frame", "panel")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, 1)
        column.setSpacing(0)
        self.timeline = Timeline(theme)
        self.timeline.window_changed.connect(self._say)
        self.scope = ElidedText(theme, "", "body", "text3")
        self.nearer = IconButton(theme, "magnifying-glass-plus", self.tr("Show less time"), size=24)
        self.farther = IconButton(theme, "magnifying-glass-minus", self.tr("Show more time"), size=24)
        self.nearer.clicked.connect(lambda: self.timeline.zoom(1))
        self.farther.clicked.connect(lambda: self.timeline.zoom(-1))
        head = QHBoxLayout()
        head.setContentsMargins(12, 0, 12, 0)
        head.setSpacing(8)
        head.addWidget(Text(theme, self.tr("Who spoke when"), "body", weight=600))
        head.addWidget(self.scope, 1)
        head.addWidget(_Key(theme, "match", self.tr("match")))
        head.addWidget(_Key(theme, "tentative", self.tr("tentative")))
        head.addWidget(_Key(theme, "unknown", self.tr("unknown")))
        head.addWidget(self.farther)
        head.addWidget(self.nearer)
        frame = QWidget()
        frame.setLayout(head)
        frame.setFixedHeight(36)
        self.hint = Text(theme, self.tr("Turns appear here as soon as somebody speaks."), "small", "text3")
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        cover = QVBoxLayout(self.timeline)
        cover.addWidget(self.hint)
        column.addWidget(frame)
        column.addWidget(rule())
        column.addWidget(self.timeline, 1)
        self._voices = 0
        self._say()

    def set_turns(self, turns: list[Turn], now_s: float, colours: dict[str, int]) -> None:
        self.timeline.set_turns(turns, now_s, colours)
        self.hint.setVisible(not turns)
        self._voices = sum(name is not None for name, _ in self.timeline.lanes())
        self._say()

    def _say(self) -> None:
        seconds = int(self.timeline.window_s)
        span = (self.tr("%n minute(s) shown", "", seconds // 60) if seconds >= 60
                else self.tr("%n second(s) shown", "", seconds))
        bits = [self.tr("%n voice(s)", "", self._voices), span] if self._voices else [span]
        text = " · ".join(bits).replace("(s)", "" if max(self._voices, seconds // 60) == 1 else "s")
        if text != self.scope.text():
            self.scope.set_text(text)
        self.nearer.setEnabled(self.timeline.can_zoom(1))
        self.farther.setEnabled(self.timeline.can_zoom(-1))


class _Key(QWidget):
    """One entry of the legend: how a turn of that status looks, and its word."""

    def __init__(self, theme: Theme, status: IdentificationStatus, word: str) -> None:
        super().__init__()
        self._theme, self._status, self._word = theme, status, word
        self.setFont(theme.font("small", 500))
        self.setAccessibleName(word)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(18 + 6 + self.fontMetrics().horizontalAdvance(self._word) + 2, 18)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_turn(painter, QRectF(0, 4, 18, 10), self._theme, self._status, self._theme.colour("text2"))
        painter.setFont(self.font())
        painter.setPen(self._theme.colour("text2"))
        painter.drawText(QRectF(24, 0, self.width() - 24, 18), Qt.AlignmentFlag.AlignVCenter, self._word)
        painter.end()


class SpokenPanel(Panel):
    """Seconds and share of each voice, and whether the sound is kept."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, "​", "", parent)
        self.body.setContentsMargins(12, 10, 12, 10)
        self.rows = BarRows(theme, 26, label_share=0.40, value_width=50, extra_width=44)
        self.rows.setAccessibleName(self.tr("Seconds spoken"))
        self.body.addWidget(self.rows)
        self.body.addStretch(1)
        foot = QHBoxLayout()
        foot.setSpacing(7)
        self.lock = Icon(theme, "lock-simple", "text3", 14)
        self.kept = ElidedText(theme, "", "small", "text2")
        foot.addWidget(self.lock)
        foot.addWidget(self.kept, 1)
        self.body.addLayout(foot)

    def set_turns(self, turns: list[Turn], elapsed_s: float, colours: dict[str, int], live: bool,
                  began: datetime | None, ended: datetime | None) -> None:
        spoken: dict[str | None, float] = {}
        for turn in turns:
            spoken[turn.voice] = spoken.get(turn.voice, 0.0) + turn.span.duration_s
        total = sum(spoken.values())
        ranked = sorted(spoken.items(), key=lambda item: (item[0] is None, -item[1]))
        rows = [BarRow(name or self.tr("Unknown"), seconds / total, clock(seconds), _percent(seconds / total),
                       colours.get(name or ""), unknown=name is None) for name, seconds in ranked if total]
        self.rows.set_rows(rows[:5])
        self.title.setText(self.tr("This session") if live or began is None else self.tr("Last session"))
        if live or began is None or ended is None:
            words = self.tr("speech {spoken} of {all}").format(spoken=clock(total), all=clock(elapsed_s))
        else:
            words = self.tr("{begin} – {end} · {spoken} of speech").format(
                begin=f"{began:%H:%M}", end=f"{ended:%H:%M}", spoken=clock(total))
        self.detail.setText(words)

    def set_kept(self, text: str, saved: bool) -> None:
        self.kept.set_text(text)
        self.lock.set("floppy-disk" if saved else "lock-simple", "text3")


def _percent(share: float) -> str:
    return "< 1 %" if 0 < share < 0.005 else f"{share * 100:.0f} %"
