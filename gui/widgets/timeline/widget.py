"""The timeline: a lane for each one who speaks, and the whole of it below in small.

The wheel and two fingers zoom where the pointer is, dragging pans, a press plays from there, a press on the name of a
stranger asks for a name.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QMouseEvent, QNativeGestureEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from engine.records import Turn
from gui import words
from gui.widgets.still import Still
from gui.widgets.timeline.geometry import GUTTER, HEAD, LANE_LOW, OVERVIEW, TimelineGround
from gui.widgets.timeline.lanes import Lane, Stretch, lanes_of_turns
from gui.widgets.timeline.painting import paint_lane_head, paint_line, paint_overview, paint_stretch

if TYPE_CHECKING:
    from gui.theme import Theme

DRAG_PX = 4  # a press that moves less is a press
WHEEL = 1.25  # a notch of the wheel


def clock(seconds: float) -> str:
    """"4:12", "1:04:12"."""
    return words.clock(math.floor(max(0.0, seconds)), tenths=False)


class Timeline(TimelineGround):
    """window_changed: other seconds are in view. sought(s): play from there. wanted_name(lane): a name was pressed.

    view: the seconds in view. It follows the end until it is dragged away from it. chosen: position of the chosen
    stretch in `stretches`, or None.
    """

    window_changed = Signal()
    sought = Signal(float)
    wanted_name = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._position: float | None = None
        self._picture = Still()
        self.chosen: int | None = None
        self._pressed: QPointF | None = None
        self._dragging = ""  # "", "pan" or "strip"
        self._over: int | None = None
        self.setMinimumHeight(HEAD + 2 * LANE_LOW + OVERVIEW)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        self.setAccessibleName(self.tr("Who spoke when"))
        theme.changed.connect(self._redraw)

    # --- what is shown ----------------------------------------------------------------------------------------------

    def set_turns(self, turns: Sequence[Turn], now_s: float, voices: Mapping[str, int]) -> None:
        """A live session. voices: name → colour, for those that have one."""
        self._show(*lanes_of_turns(turns, voices), now_s, live=True)

    def set_recording(self, lanes: list[Lane], stretches: list[Stretch], duration_s: float, fit: bool) -> None:
        """A recording from its beginning to its end. fit: another one than before, so all of it is shown."""
        if fit:
            self.chosen, self._position, self._top_lane = None, None, 0
        self._show(lanes, stretches, duration_s, live=False)
        if fit:
            self.fit()

    def _show(self, lanes: list[Lane], stretches: list[Stretch], whole_s: float, live: bool) -> None:
        self._lanes, self._stretches, self._live = lanes, stretches, live
        self.view.set_whole(whole_s)
        if self.chosen is not None and self.chosen >= len(stretches):
            self.chosen = None
        self.setAccessibleDescription("; ".join(f"{lane.name} {clock(lane.spoken_s)}" for lane in lanes))
        self._redraw()

    def set_position(self, position_s: float | None) -> None:
        """What is heard now; None: nothing plays. Where it runs out of view, the view goes on with it."""
        before, end = self._position, self.shown[1]
        if position_s == before:
            return
        self._position = position_s
        if before is not None and position_s is not None and before <= end < position_s and position_s - before < 1:
            self.view.reveal(position_s)
            self._moved()
        self.update()  # the picture of the lanes stays

    @property
    def position_s(self) -> float | None:
        return self._position

    def lanes(self) -> list[Lane]:
        """In order of appearance, the unknown last."""
        return self._lanes

    @property
    def stretches(self) -> list[Stretch]:
        return self._stretches

    def lane_to_name(self) -> int | None:
        """That of the chosen stretch, or the first stranger; None where there is nobody to be named."""
        chosen = [self._stretches[self.chosen].lane] if self.chosen is not None else []
        return next((at for at in [*chosen, *range(len(self._lanes))] if self._lanes[at].can_name), None)

    @property
    def live(self) -> bool:
        """A session that grows, not a recording."""
        return self._live

    def zoom(self, steps: int) -> None:
        """+1 shows less time, −1 more."""
        self.view.step(steps)
        self._moved()

    def can_zoom(self, steps: int) -> bool:
        return self.view.can_step(steps)

    def fit(self) -> None:
        """All of it."""
        self.view.fit()
        self._moved()

    def choose(self, steps: int) -> Stretch | None:
        """Go to the next stretch (+1) or the one before (−1), bring it into view, and return it."""
        if not self._stretches:
            return None
        if self.chosen is None:
            at = self._position
            if at is None:
                found = 0 if steps > 0 else len(self._stretches) - 1
            else:
                later = [n for n, one in enumerate(self._stretches) if one.span.start_s > at + 0.05]
                earlier = [n for n, one in enumerate(self._stretches) if one.span.start_s < at - 0.05]
                found = (later or [len(self._stretches) - 1])[0] if steps > 0 else (earlier or [0])[-1]
        else:
            found = min(len(self._stretches) - 1, max(0, self.chosen + steps))
        self.chosen = found
        one = self._stretches[found]
        self.view.reveal(one.span.start_s)
        self._show_lane(one.lane)
        self._moved()
        return one

    # --- the pointer ------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        self._pressed = event.position()
        self._dragging = ""
        if self._on_strip(event.position()):
            self._dragging = "strip"
            self._to_strip(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._pressed is None or not event.buttons() & Qt.MouseButton.LeftButton:
            over = self._name_at(at)
            self.setCursor(Qt.CursorShape.PointingHandCursor if over is not None else Qt.CursorShape.ArrowCursor)
            if over != self._over:
                self._over = over
                self._redraw()
            return
        if self._dragging == "strip":
            self._to_strip(at.x())
            return
        if not self._dragging and abs(at.x() - self._pressed.x()) > DRAG_PX and self._pressed.x() >= GUTTER:
            self._dragging = "pan"
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        if self._dragging == "pan":
            left, right = self._track()
            self.view.pan((self._pressed.x() - at.x()) / max(1.0, right - left) * self.window_s)
            self._pressed = at
            self._moved()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, self._pressed = self._pressed, None
        dragged, self._dragging = self._dragging, ""
        self.setCursor(Qt.CursorShape.ArrowCursor)
        if pressed is None or dragged or event.button() != Qt.MouseButton.LeftButton:
            return
        at = event.position()
        lane = self._name_at(at)
        if lane is not None:
            self.wanted_name.emit(lane)
        elif self._lanes and GUTTER <= at.x() <= self._track()[1] and at.y() < self._overview().top():
            time_s = self._time(at.x())
            if time_s <= self.view.whole_s:
                self.chosen = self.stretch_at(at)
                self._redraw()
                self.sought.emit(max(0.0, time_s))

    def leaveEvent(self, event: QEvent) -> None:
        self._over = None
        self._redraw()

    def _to_strip(self, x: float) -> None:
        strip = self._overview()
        self.view.centre((x - strip.left()) / max(strip.width(), 1) * self._whole())
        self._moved()

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned, sideways = event.angleDelta().y() / 120, event.angleDelta().x() / 120
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and not sideways:
            turned, sideways = 0.0, turned
        if event.position().x() < GUTTER:
            self._top_lane -= int(math.copysign(1, turned)) if turned else 0
        elif abs(sideways) > abs(turned):
            self.view.pan(-sideways * self.window_s / 10)
        elif turned:
            self.view.zoom(WHEEL ** turned, self._anchor(event.position().x()))
        self._moved()
        event.accept()

    def _anchor(self, x: float) -> float | None:
        """The time that stays where it is. The end stays the end while it grows and is followed."""
        return None if self._live and self.view.follows else self._time(x)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            self.view.zoom(max(0.2, 1 + event.value()), self._anchor(event.position().x()))
            self._moved()
            return True
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            text = self.tip_at(QPointF(event.pos()))
            if text:
                QToolTip.showText(event.globalPos(), text, self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def tip_at(self, at: QPointF) -> str:
        """What the pointer is told there: name, status, similarity, from when to when."""
        position = self.stretch_at(at)
        if position is not None:
            one = self._stretches[position]
            lane = self._lanes[one.lane]
            status = {"match": self.tr("match"), "tentative": self.tr("tentative")}.get(one.status, self.tr("unknown"))
            span = f"{words.clock(one.span.start_s)} – {words.clock(one.span.end_s)}"
            return " · ".join(bit for bit in (lane.name, lane.tip or status, span) if bit)
        lane_number = self._lane_at(at.y()) if at.x() < GUTTER else None
        if lane_number is None:
            return ""
        lane = self._lanes[lane_number]
        bits = [lane.name, lane.tip, self.tr("Press to give this voice a name") if lane.can_name else ""]
        return " · ".join(bit for bit in bits if bit)

    def _moved(self) -> None:
        self._keep_inside()
        self.window_changed.emit()
        self._redraw()

    # --- painting ---------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """The picture of the lanes is kept while nothing but the playhead moves."""
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._picture.of(self, self._paint_picture))
        if self._position is not None and self._lanes:
            left, right = self._track()
            bottom = HEAD + min(len(self._lanes), self._fitting()) * self._lane_height() + 4
            if left <= self._x(self._position) <= right + 1:
                paint_line(painter, self._theme, self._x(self._position), HEAD - 4, bottom, head=True)
            strip = self._overview()
            x = strip.left() + min(1.0, self._position / self._whole()) * strip.width()
            painter.fillRect(QRectF(x - 1, strip.top(), 2, strip.height()), QColor(self._theme.tokens.text1))
        painter.end()

    def _redraw(self) -> None:
        self._picture.drop()
        self.update()

    def _paint_picture(self, painter: QPainter) -> None:
        tokens = self._theme.tokens
        self._keep_inside()
        shown = self._lanes[self._top_lane:self._top_lane + self._fitting()]
        height = self._lane_height()
        bottom = HEAD + len(shown) * height
        self._paint_ticks(painter, bottom)
        for row, lane in enumerate(shown):
            y = HEAD + row * height
            over = self._over == self._top_lane + row
            paint_lane_head(painter, QRectF(0, y, GUTTER, height), self._theme, lane, clock(lane.spoken_s), over)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setPen(QPen(QColor(tokens.line), 1))
            painter.drawLine(QPointF(0, round(y + height) - 0.5), QPointF(self.width(), round(y + height) - 0.5))
        for position, one in enumerate(self._stretches):
            box = self._bar_box(one)
            if box is not None:
                paint_stretch(painter, box, self._theme, one, self._lanes[one.lane], position == self.chosen)
        if self._lanes:
            self._paint_whole(painter)
        if self._live and self.view.follows and self.view.whole_s > 0:
            x = min(self._x(self.view.whole_s), self._track()[1] + 1)
            paint_line(painter, self._theme, x, HEAD - 4, bottom + 4)
        self._paint_more(painter, len(shown), bottom)

    def _paint_ticks(self, painter: QPainter, bottom: float) -> None:
        tokens = self._theme.tokens
        left, right = self._track()
        step, times = self.view.ticks(right - left)
        painter.setFont(self._theme.font("caption"))
        for time_s in times:
            written = abs(time_s / step - round(time_s / step)) < 1e-6
            x = round(self._x(time_s)) + 0.5
            painter.setPen(QPen(QColor(tokens.line if written else tokens.grid), 1))
            painter.drawLine(QPointF(x, HEAD - 4), QPointF(x, bottom + 4))
            if written:
                painter.setPen(QColor(tokens.text3))
                box = QRectF(min(x - 30, self.width() - 64), 2, 60, 16)
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter,
                                 words.clock(time_s) if step < 1 else clock(round(time_s)))

    def _paint_whole(self, painter: QPainter) -> None:
        strip = self._overview()
        painter.setFont(self._theme.font("caption"))
        painter.setPen(QColor(self._theme.tokens.text3))
        painter.drawText(QRectF(12, strip.top(), GUTTER - 20, strip.height()), Qt.AlignmentFlag.AlignVCenter,
                         self.tr("Everything so far") if self._live else self.tr("Whole recording"))
        paint_overview(painter, strip, self._theme, self._lanes, self._stretches, self._whole(), self.shown)

    def _paint_more(self, painter: QPainter, rows: int, bottom: float) -> None:
        """A bar at the right where there are more lanes than fit."""
        if rows >= len(self._lanes):
            return
        room = bottom - HEAD
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.tokens.edge))
        painter.drawRoundedRect(QRectF(self.width() - 7, HEAD + room * self._top_lane / len(self._lanes), 4,
                                       room * rows / len(self._lanes)), 2, 2)
