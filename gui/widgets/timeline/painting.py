"""The parts of a timeline, painted.

Solid is a match, dashed tentative, hatched unknown: the three never differ by colour alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPolygonF

from engine.records import IdentificationStatus
from gui.widgets.timeline.lanes import Lane, Stretch
from gui.widgets.voice_rows import initials, paint_avatar

if TYPE_CHECKING:
    from gui.theme import Theme

HATCH_PX = 5
INITIALS_PX = 44  # a stretch that is wider says whose it is
SLENDER_PX = 6.0  # narrower than this, dashes and hatching would not be seen


def paint_turn(painter: QPainter, box: QRectF, theme: Theme, status: IdentificationStatus, colour: QColor) -> None:
    """One stretch of a lane."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if status == "match":
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRoundedRect(box, *(min(3.0, box.width() / 2),) * 2)
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
        if box.width() > SLENDER_PX:
            painter.save()
            painter.setClipRect(inner)
            painter.setPen(QPen(edge, 1))
            x = inner.left() - inner.height()
            while x < inner.right():
                painter.drawLine(QPointF(x, inner.bottom()), QPointF(x + inner.height() * 0.4, inner.top()))
                x += HATCH_PX
            painter.restore()
    painter.setPen(pen)
    painter.drawRoundedRect(inner, *(min(3.0, inner.width() / 2),) * 2)


def paint_stretch(painter: QPainter, box: QRectF, theme: Theme, one: Stretch, lane: Lane, chosen: bool) -> None:
    """With initials where there is room, and the accent around it where it is chosen."""
    paint_turn(painter, box, theme, one.status, lane_colour(theme, lane))
    if one.status == "match" and lane.colour is not None and box.width() > INITIALS_PX:
        painter.setFont(theme.font("caption", 600))
        painter.setPen(QColor(theme.category_text(lane.colour)))
        painter.drawText(box.adjusted(7, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, initials(lane.name))
    if chosen:
        painter.setPen(QPen(QColor(theme.tokens.accent), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box.adjusted(-3, -3, 3, 3), 5, 5)


def lane_colour(theme: Theme, lane: Lane) -> QColor:
    return QColor(theme.tokens.text2) if lane.colour is None else QColor(theme.category(lane.colour))


def paint_lane_head(painter: QPainter, box: QRectF, theme: Theme, lane: Lane, spoken: str, over: bool) -> None:
    """Avatar, name and seconds; where it may be named, the offer in the accent. over: the pointer is there."""
    tokens, height = theme.tokens, box.height()
    if over and lane.can_name:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.raised))
        painter.drawRoundedRect(box.adjusted(6, 2, -8, -2), 6, 6)
    left = box.left() + 12
    paint_avatar(painter, QRectF(left, box.top() + (height - 22) / 2, 22, 22), theme, lane.name if lane.known else None,
                 lane.colour or 0)
    left += 30
    room = box.right() - left - 10
    font = theme.font("body" if height >= 36 else "small")
    painter.setFont(font)
    painter.setPen(QColor(tokens.text1))
    text = QFontMetricsF(font).elidedText(lane.name, Qt.TextElideMode.ElideRight, room)
    middle = Qt.AlignmentFlag.AlignVCenter
    if height >= 36:
        top = box.top() + (height - 34) / 2
        painter.drawText(QRectF(left, top, room, 18), middle, text)
        painter.setFont(theme.font("caption"))
        painter.setPen(QColor(tokens.accent if lane.can_name else tokens.text3))
        words = QCoreApplication.translate("Timeline", "{} · name…").format(spoken) if lane.can_name else spoken
        painter.drawText(QRectF(left, top + 17, room, 14), middle, words)
    else:
        if lane.can_name:
            painter.setPen(QColor(tokens.accent))
        painter.drawText(QRectF(left, box.top(), room, height), middle, text)


def paint_line(painter: QPainter, theme: Theme, x: float, top: float, bottom: float, head: bool = False) -> None:
    """Now, or (with a head) what is heard now."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(theme.tokens.accent), 2))
    painter.drawLine(QPointF(x, top), QPointF(x, bottom))
    if head:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.tokens.accent))
        painter.drawPolygon(QPolygonF([QPointF(x - 5, top - 3), QPointF(x + 5, top - 3), QPointF(x, top + 5)]))


def paint_overview(painter: QPainter, strip: QRectF, theme: Theme, lanes: list[Lane], stretches: list[Stretch],
                   whole_s: float, shown: tuple[float, float]) -> None:
    """Everything in small, with a frame around what is in view."""
    tokens = theme.tokens
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(tokens.line), 1))
    painter.setBrush(QColor(tokens.plot))
    painter.drawRoundedRect(strip.adjusted(0.5, 0.5, -0.5, -0.5), 2, 2)
    pitch = (strip.height() - 4) / max(3, len(lanes))
    thick = min(3.0, max(1.0, pitch - 1))
    for one in stretches:
        y = strip.top() + 2 + (one.lane + 0.5) * pitch
        x0 = strip.left() + one.span.start_s / whole_s * strip.width()
        x1 = strip.left() + min(1.0, one.span.end_s / whole_s) * strip.width()
        painter.fillRect(QRectF(x0, y - thick / 2, max(1.0, x1 - x0), thick), lane_colour(theme, lanes[one.lane]))
    a = strip.left() + min(1.0, shown[0] / whole_s) * strip.width()
    b = strip.left() + min(1.0, shown[1] / whole_s) * strip.width()
    painter.setPen(QPen(QColor(tokens.accent), 1.5))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(QRectF(a, strip.top() - 2, max(4.0, b - a), strip.height() + 4), 3, 3)
