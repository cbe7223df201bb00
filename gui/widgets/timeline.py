"""Who spoke when: a lane for each voice, and the whole of it below in small.

Solid is a match, dashed tentative, hatched unknown: the three never differ by colour alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.records import IdentificationStatus, Turn
from gui import words
from gui.widgets.voice_rows import initials, paint_avatar

if TYPE_CHECKING:
    from gui.theme import Theme

WINDOWS_S = (15, 30, 60, 120, 300, 600, 1800, 3600)
GUTTER, RIGHT, HEAD, OVERVIEW = 148, 12, 26, 44
LANE, LANE_LOW = 40, 28


def clock(seconds: float) -> str:
    """"4:12", "1:04:12"."""
    return words.clock(math.floor(max(0.0, seconds)), tenths=False)


def paint_turn(painter: QPainter, box: QRectF, theme: Theme, status: IdentificationStatus, colour: QColor) -> None:
    """One stretch of a lane."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if status == "match":
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRoundedRect(box, 3, 3)
        return
    edge = colour if status == "tentative" else QColor(theme.tokens.text2)
    inner = box.adjusted(0.5, 0.5, -0.5, -0.5)
    pen = QPen(edge, 1)
    if status == "tentative":
        pen.setDashPattern([4, 3])
        wash = QColor(edge)
        wash.setAlphaF(0.2)
        painter.setBrush(wash)
    else:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.save()
        painter.setClipRect(inner)
        painter.setPen(QPen(edge, 1))
        x = inner.left() - inner.height()
        while x < inner.right():
            painter.drawLine(QPointF(x, inner.bottom()), QPointF(x + inner.height() * 0.4, inner.top()))
            x += 5
        painter.restore()
    painter.setPen(pen)
    painter.drawRoundedRect(inner, 3, 3)


class Timeline(QWidget):
    """shown: the seconds in view. It follows the end until it is dragged away from it."""

    window_changed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._turns: tuple[Turn, ...] = ()
        self._voices: Mapping[str, int] = {}
        self._lanes: list[tuple[str | None, float]] = []
        self._now = 0.0
        self._window = WINDOWS_S.index(120)
        self._end: float | None = None  # None: follows now
        self._top_lane = 0
        self.setMinimumHeight(HEAD + 2 * LANE_LOW + OVERVIEW)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("Who spoke when"))
        theme.changed.connect(self.update)

    # --- what is shown ----------------------------------------------------------------------------------------------

    def set_turns(self, turns: Sequence[Turn], now_s: float, voices: Mapping[str, int]) -> None:
        """voices: name → colour, for those that have one."""
        self._turns, self._now, self._voices = tuple(turns), now_s, voices
        spoken: dict[str | None, float] = {}
        for turn in self._turns:
            spoken[turn.voice] = spoken.get(turn.voice, 0.0) + turn.span.duration_s
        self._lanes = sorted(spoken.items(), key=lambda item: item[0] is None)
        self.setAccessibleDescription("; ".join(f"{name or self.tr('Unknown')} {clock(spoken)}"
                                                for name, spoken in self.lanes()))
        self.update()

    def lanes(self) -> list[tuple[str | None, float]]:
        """(voice, seconds spoken), in order of appearance, the unknown last."""
        return self._lanes

    @property
    def window_s(self) -> float:
        return float(WINDOWS_S[self._window])

    @property
    def shown(self) -> tuple[float, float]:
        end = max(self._now, self.window_s) if self._end is None else self._end
        return max(0.0, end - self.window_s), end

    def zoom(self, steps: int) -> None:
        """+1 shows less time, −1 more."""
        self._window = min(len(WINDOWS_S) - 1, max(0, self._window - steps))
        self._keep_inside()
        self.window_changed.emit()
        self.update()

    def can_zoom(self, steps: int) -> bool:
        return 0 <= self._window - steps < len(WINDOWS_S)

    # --- geometry ---------------------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        return QSize(600, HEAD + 4 * LANE + OVERVIEW)

    def _lane_height(self) -> float:
        room = self.height() - HEAD - OVERVIEW
        return min(LANE, max(LANE_LOW, room / max(1, len(self.lanes()))))

    def _fitting(self) -> int:
        return max(1, int((self.height() - HEAD - OVERVIEW) // self._lane_height()))

    def _track(self) -> tuple[float, float]:
        return float(GUTTER), float(self.width() - RIGHT)

    def _x(self, time_s: float) -> float:
        left, right = self._track()
        start, end = self.shown
        return left + (time_s - start) / max(end - start, 1e-6) * (right - left)

    def _whole(self) -> float:
        return max(self._now, 1.0)

    def _overview(self) -> QRectF:
        left, right = self._track()
        lanes = min(len(self.lanes()), self._fitting())
        top = HEAD + lanes * self._lane_height() + 14
        return QRectF(left, min(top, self.height() - 30), right - left, 18)

    # --- the pointer ------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._drag(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._drag(event)

    def _drag(self, event: QMouseEvent) -> None:
        strip = self._overview()
        if not strip.adjusted(0, -8, 0, 8).contains(QPointF(strip.center().x(), event.position().y())):
            return
        at = (event.position().x() - strip.left()) / max(strip.width(), 1) * self._whole()
        end = at + self.window_s / 2
        self._end = None if end >= self._now else max(end, self.window_s)
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        steps = 1 if event.angleDelta().y() > 0 else -1
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom(steps)
        else:
            self._top_lane -= steps
            self._keep_inside()
            self.update()
        event.accept()

    def _keep_inside(self) -> None:
        self._top_lane = max(0, min(self._top_lane, len(self.lanes()) - self._fitting()))
        if self._end is not None:
            self._end = None if self._end >= self._now else max(self._end, self.window_s)

    # --- painting ---------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        tokens = self._theme.tokens
        lanes = self.lanes()
        self._keep_inside()
        shown = lanes[self._top_lane:self._top_lane + self._fitting()]
        height = self._lane_height()
        bottom = HEAD + len(shown) * height
        start, end = self.shown
        visible = [turn for turn in self._turns if turn.span.end_s > start and turn.span.start_s < end]
        self._paint_ticks(painter, bottom)
        for i, (name, spoken) in enumerate(shown):
            y = HEAD + i * height
            self._paint_head(painter, name, spoken, y, height)
            painter.setPen(QPen(QColor(tokens.line), 1))
            painter.drawLine(QPointF(0, round(y + height) - 0.5), QPointF(self.width(), round(y + height) - 0.5))
            for turn in visible:
                if turn.voice == name:
                    self._paint_turn(painter, turn, y, height)
        if lanes:
            self._paint_overview(painter, [name for name, _ in lanes])
        if self._end is None and self._now > 0:
            x = min(self._x(self._now), self._track()[1] + 1)
            painter.setPen(QPen(QColor(tokens.accent), 2))
            painter.drawLine(QPointF(x, HEAD - 4), QPointF(x, bottom + 4))
        painter.end()

    def _paint_ticks(self, painter: QPainter, bottom: float) -> None:
        tokens = self._theme.tokens
        start, end = self.shown
        step = self.window_s / 6
        painter.setFont(self._theme.font("caption"))
        for i in range(13):
            time_s = end - self.window_s + i * step / 2
            if time_s < start - 1e-6:
                continue
            x = round(self._x(time_s)) + 0.5
            painter.setPen(QPen(QColor(tokens.line if i % 2 == 0 else tokens.grid), 1))
            painter.drawLine(QPointF(x, HEAD - 4), QPointF(x, bottom + 4))
            if i % 2 == 0:
                painter.setPen(QColor(tokens.text3))
                wide = QRectF(min(x - 30, self.width() - 64), 2, 60, 16)
                painter.drawText(wide, Qt.AlignmentFlag.AlignCenter, clock(round(time_s)))

    def _paint_head(self, painter: QPainter, name: str | None, spoken: float, y: float, height: float) -> None:
        tokens = self._theme.tokens
        paint_avatar(painter, QRectF(12, y + (height - 22) / 2, 22, 22), self._theme, name,
                     self._voices.get(name or "", 0))
        room = GUTTER - 42 - 6
        shown = name or self.tr("Unknown")
        font = self._theme.font("body" if height >= 36 else "small")
        painter.setFont(font)
        painter.setPen(QColor(tokens.text1))
        text = QFontMetricsF(font).elidedText(shown, Qt.TextElideMode.ElideRight, room)
        if height >= 36:
            painter.drawText(QRectF(42, y + 3, room, 18), Qt.AlignmentFlag.AlignVCenter, text)
            painter.setFont(self._theme.font("caption"))
            painter.setPen(QColor(tokens.text3))
            painter.drawText(QRectF(42, y + 20, room, 14), Qt.AlignmentFlag.AlignVCenter, clock(spoken))
        else:
            painter.drawText(QRectF(42, y, room, height), Qt.AlignmentFlag.AlignVCenter, text)

    def _colour(self, name: str | None) -> QColor:
        if name is None:
            return QColor(self._theme.tokens.text2)
        return QColor(self._theme.category(self._voices[name]) if name in self._voices else self._theme.tokens.text2)

    def _paint_turn(self, painter: QPainter, turn: Turn, y: float, height: float) -> None:
        left, right = self._track()
        x0, x1 = max(self._x(turn.span.start_s), left), min(self._x(turn.span.end_s), right)
        if x1 <= left or x0 >= right:
            return
        bar = 22.0 if height >= 36 else height - 8
        box = QRectF(x0, y + (height - bar) / 2, max(3.0, x1 - x0), bar)
        paint_turn(painter, box, self._theme, turn.status, self._colour(turn.voice))
        if turn.status == "match" and turn.voice and box.width() > 44 and turn.voice in self._voices:
            painter.setFont(self._theme.font("caption", 600))
            painter.setPen(QColor(self._theme.category_text(self._voices[turn.voice])))
            painter.drawText(box.adjusted(7, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, initials(turn.voice))

    def _paint_overview(self, painter: QPainter, lanes: list[str | None]) -> None:
        tokens = self._theme.tokens
        strip = self._overview()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._theme.font("caption"))
        painter.setPen(QColor(tokens.text3))
        painter.drawText(QRectF(12, strip.top(), GUTTER - 20, strip.height()), Qt.AlignmentFlag.AlignVCenter,
                         self.tr("Everything so far"))
        painter.setPen(QPen(QColor(tokens.line), 1))
        painter.setBrush(QColor(tokens.plot))
        painter.drawRoundedRect(strip.adjusted(0.5, 0.5, -0.5, -0.5), 2, 2)
        pitch = (strip.height() - 4) / max(3, len(lanes))
        whole = self._whole()
        lane = {name: i for i, name in enumerate(lanes)}
        for turn in self._turns:
            y = strip.top() + 2 + (lane[turn.voice] + 0.5) * pitch
            x0 = strip.left() + turn.span.start_s / whole * strip.width()
            x1 = strip.left() + turn.span.end_s / whole * strip.width()
            thick = min(3.0, max(1.0, pitch - 1))
            painter.fillRect(QRectF(x0, y - thick / 2, max(1.0, x1 - x0), thick), self._colour(turn.voice))
        start, end = self.shown
        a = strip.left() + start / whole * strip.width()
        b = strip.left() + min(1.0, end / whole) * strip.width()
        painter.setPen(QPen(QColor(tokens.accent), 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(a, strip.top() - 2, b - a, strip.height() + 4), 3, 3)
