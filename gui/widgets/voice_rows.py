"""Voices in rows: initials on their colour, a name, a bar with the threshold on it, figures at the right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

if TYPE_CHECKING:
    from gui.theme import Theme


MIN_BAR = 36.0  # pixels of bar that long labels leave


def initials(name: str) -> str:
    """"Amara Okafor" → "AO", "Chen" → "CH", "" → "?"."""
    words = [word for word in name.replace("-", " ").split() if word[0].isalnum()]
    if not words:
        return "?"
    return (words[0][:2] if len(words) == 1 else words[0][0] + words[-1][0]).upper()


def paint_avatar(painter: QPainter, box: QRectF, theme: Theme, name: str | None, colour: int) -> None:
    """A swatch with initials; dashed with "?" where name is None (nobody known)."""
    size = box.height()
    radius = 8.0 if size > 40 else 6.0 if size > 24 else 5.0
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if name is None:
        painter.setPen(QPen(QColor(theme.tokens.text2), 1, Qt.PenStyle.DashLine))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)
        ink = QColor(theme.tokens.text2)
    else:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.category(colour)))
        painter.drawRoundedRect(box, radius, radius)
        ink = QColor(theme.category_text(colour))
    font = theme.font("body", 600)
    font.setPixelSize(max(9, round(size * (0.36 if size > 36 else 0.46 if size > 24 else 0.52))))
    painter.setFont(font)
    painter.setPen(ink)
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, "?" if name is None else initials(name))
    painter.restore()


class Avatar(QWidget):
    """The swatch alone."""

    def __init__(self, theme: Theme, size: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._colour = theme, 0
        self._name: str | None = None
        self.setFixedSize(size, size)
        theme.changed.connect(self.update)

    def set_voice(self, name: str | None, colour: int = 0) -> None:
        if (name, colour) != (self._name, self._colour):
            self._name, self._colour = name, colour
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_avatar(painter, QRectF(self.rect()), self._theme, self._name, self._colour)
        painter.end()


@dataclass(frozen=True)
class BarRow:
    """One row. voice None with no colour: a thing that is no voice (a tag); unknown: the dashed swatch."""

    label: str
    share: float
    value: str
    extra: str = ""
    colour: int | None = None
    strong: bool = False
    unknown: bool = False


class BarRows(QWidget):
    """Rows of bars, painted in one go. label_share: where the bars begin, later where the labels need more."""

    def __init__(self, theme: Theme, row_height: int = 24, swatch: bool = True, label_share: float = 0.40,
                 value_width: int = 40, extra_width: int = 0, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._row, self._swatch = theme, row_height, swatch
        self._label_share, self._value, self._extra = label_share, value_width, extra_width
        self._rows: tuple[BarRow, ...] = ()
        self._tick: float | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    @property
    def rows(self) -> tuple[BarRow, ...]:
        return self._rows

    def set_rows(self, rows: Sequence[BarRow], tick: float | None = None) -> None:
        """tick: a mark on every bar, 0–1, such as the threshold."""
        if (tuple(rows), tick) == (self._rows, self._tick):
            return
        taller = len(rows) != len(self._rows)
        self._rows, self._tick = tuple(rows), tick
        self.setAccessibleDescription("; ".join(f"{r.label} {r.value} {r.extra}".strip() for r in rows))
        if taller:
            self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(220, max(1, len(self._rows)) * self._row)

    def minimumSizeHint(self) -> QSize:
        return QSize(140, len(self._rows) * self._row)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        bar_left = self._bar_left()
        for i, row in enumerate(self._rows):
            self._paint_row(painter, row, i * self._row, bar_left)
        painter.end()

    def _label_font(self, strong: bool) -> QFont:
        return self._theme.font("body" if self._swatch else "small", 500 if strong else 400)

    def _bar_left(self) -> float:
        """One column for all rows: at the share, or after the longest label while a short bar still fits."""
        x = 28.0 if self._swatch else 0.0
        widest = max((QFontMetricsF(self._label_font(r.strong)).horizontalAdvance(r.label) for r in self._rows),
                     default=0.0)
        last = self.width() - self._value - self._extra - 4 - MIN_BAR
        return max(x + 30, min(last, max(self.width() * self._label_share, x + widest + 12)))

    def _paint_row(self, painter: QPainter, row: BarRow, y: float, bar_left: float) -> None:
        tokens, h, w = self._theme.tokens, self._row, self.width()
        x = 0.0
        if self._swatch:
            size = 18.0
            paint_avatar(painter, QRectF(0, y + (h - size) / 2, size, size), self._theme,
                         None if row.unknown else row.label, row.colour or 0)
            x = size + 10
        font = self._label_font(row.strong)
        painter.setFont(font)
        painter.setPen(QColor(tokens.text1 if row.strong else tokens.text2))
        right = w - self._value - self._extra
        bar_right = right - 4
        room = bar_left - x - 8
        painter.drawText(QRectF(x, y, room, h), Qt.AlignmentFlag.AlignVCenter,
                         QFontMetricsF(font).elidedText(row.label, Qt.TextElideMode.ElideRight, room))
        self._paint_bar(painter, row, QRectF(bar_left, y + h / 2 - 2.5, max(8.0, bar_right - bar_left), 5))
        painter.setFont(self._theme.font("body", 600 if row.strong else 400))
        painter.setPen(QColor(tokens.text1 if row.strong or self._extra else tokens.text2))
        painter.drawText(QRectF(right, y, self._value, h),
                         Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, row.value)
        if self._extra:
            painter.setFont(self._theme.font("body"))
            painter.setPen(QColor(tokens.text3))
            painter.drawText(QRectF(w - self._extra, y, self._extra, h),
                             Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, row.extra)

    def _paint_bar(self, painter: QPainter, row: BarRow, box: QRectF) -> None:
        tokens = self._theme.tokens
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.raised))
        painter.drawRoundedRect(box, 2.5, 2.5)
        share = min(1.0, max(0.0, row.share))
        if share > 0:
            hue = tokens.text2 if row.colour is None or row.unknown else self._theme.category(row.colour)
            painter.setBrush(QColor(hue))
            filled = QRectF(box.left(), box.top(), max(5.0, box.width() * share), box.height())
            painter.drawRoundedRect(filled, 2.5, 2.5)
        if self._tick is not None:
            x = box.left() + box.width() * min(1.0, max(0.0, self._tick))
            painter.fillRect(QRectF(x - 1, box.top() - 4, 2, box.height() + 8), QColor(tokens.text1))
