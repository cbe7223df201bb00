"""The groups of a map as rows: marker, name, count, and a bar; a press lets one group stand out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.theme import Theme
from gui.widgets.controls import paint_bar
from gui.widgets.projection_plot.symbols import OTHER, mark, paint_mark

ROW_VOICE, ROW_SOUND = 34, 28


@dataclass(frozen=True)
class GroupRow:
    """share None: no bar. kind: "centroid" for voices, "sound" for sounds."""

    name: str
    count: str
    colour: int
    kind: str
    share: float | None = None
    value: str = ""
    strong: bool = False


class GroupRows(QWidget):
    """chosen(name or ""): a press, arrow keys, or a press on the chosen one, which lets go of it."""

    chosen = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._rows: tuple[GroupRow, ...] = ()
        self._tick: float | None = None
        self._row = ROW_VOICE
        self.current = ""
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Groups"))
        theme.changed.connect(self.update)

    @property
    def rows(self) -> tuple[GroupRow, ...]:
        return self._rows

    def set_rows(self, rows: Sequence[GroupRow], tick: float | None = None) -> None:
        if (tuple(rows), tick) == (self._rows, self._tick):
            return
        row = ROW_SOUND if any(r.kind == "sound" for r in rows) else ROW_VOICE
        taller = (len(rows), row) != (len(self._rows), self._row)
        self._row = row
        self._rows, self._tick = tuple(rows), tick
        if self.current and self.current not in [row.name for row in rows]:
            self.choose(self.current)  # lets go of it: nothing of it is left to stand out
        self.setAccessibleDescription("; ".join(f"{r.name} {r.count} {r.value}".strip() for r in rows))
        if taller:
            self.updateGeometry()
        self.update()

    def choose(self, name: str) -> None:
        self.current = "" if name == self.current else name
        self.chosen.emit(self.current)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, len(self._rows) * self._row)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, len(self._rows) * self._row)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        row = int(event.position().y() // self._row)
        if 0 <= row < len(self._rows):
            self.choose(self._rows[row].name)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()), 0)
        names = [row.name for row in self._rows]
        if not step or not names:
            super().keyPressEvent(event)
            return
        at = names.index(self.current) + step if self.current in names else 0
        wanted = names[max(0, min(len(names) - 1, at))]
        if wanted != self.current:
            self.choose(wanted)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        tokens = self._theme.tokens
        for i, row in enumerate(self._rows):
            box = QRectF(0, i * self._row, self.width(), self._row)
            if row.name == self.current or row.strong:
                painter.fillRect(box, QColor(tokens.selected))
                painter.fillRect(QRectF(0, box.top(), 3, self._row), QColor(tokens.accent))
            self._paint_row(painter, row, box)
        if self.hasFocus():
            painter.setPen(QColor(tokens.accent))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def _paint_row(self, painter: QPainter, row: GroupRow, box: QRectF) -> None:
        tokens = self._theme.tokens
        look = mark(self._theme, row.kind, row.colour)
        size = 14.0 if row.kind == "centroid" else 6.0 if row.colour == OTHER else 9.0
        paint_mark(painter, QPointF(20, box.center().y()), look, size)
        middle = Qt.AlignmentFlag.AlignVCenter
        right = box.right() - 12
        value_width = 42.0
        figures = self._theme.font("body", 600 if row.strong else 400)
        name_font = self._theme.font("body")
        metrics = QFontMetricsF(name_font)
        count_width = metrics.horizontalAdvance(row.count)
        bar_left = box.left() + box.width() * 0.58
        name_end = bar_left - 4 if row.share is not None else right - value_width - 8
        name_room = name_end - 36 - count_width - 8
        painter.setFont(name_font)
        painter.setPen(QColor(tokens.text1))
        name = metrics.elidedText(row.name, Qt.TextElideMode.ElideRight, name_room)
        painter.drawText(QRectF(36, box.top(), name_room, self._row), middle, name)
        painter.setPen(QColor(tokens.text3))
        if row.share is not None:
            after = 36 + metrics.horizontalAdvance(name) + 5
            painter.drawText(QRectF(after, box.top(), count_width + 4, self._row), middle, row.count)
            colour = self._theme.category(row.colour) if row.colour != OTHER else "wave_span"
            paint_bar(painter, QRectF(bar_left, box.center().y() - 6, right - value_width - bar_left - 6, 12),
                      self._theme, row.share, colour, self._tick)
        else:
            painter.setPen(QColor(tokens.text1))
            end = right - value_width - 8 if row.value else right
            painter.drawText(QRectF(end - count_width - 4, box.top(), count_width + 4, self._row),
                             middle | Qt.AlignmentFlag.AlignRight, row.count)
        painter.setFont(figures)
        painter.setPen(QColor(tokens.text1 if row.strong else tokens.text2))
        painter.drawText(QRectF(right - value_width, box.top(), value_width, self._row),
                         middle | Qt.AlignmentFlag.AlignRight, row.value)
