"""Grid, ticks and variance words of a projection, painted behind its points."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

if TYPE_CHECKING:
    from gui.theme import Theme

TICK_PIXELS = 64.0  # the least distance of two grid lines


@dataclass(frozen=True)
class AxisWords:
    """What stands in the corners: the horizontal axis bottom right, the vertical one top left."""

    horizontal: str = ""
    vertical: str = ""


def ticks(low: float, high: float, pixels: float) -> tuple[list[float], int]:
    """Tick values between low and high, and the decimals their labels need."""
    step = step_for(high - low, pixels)
    first, last = math.ceil(low / step), math.floor(high / step)
    places = max(0, -math.floor(math.log10(step) + 1e-9))
    return [i * step for i in range(first, last + 1)], places


def step_for(length: float, pixels: float) -> float:
    """A step of 1, 2 or 5 × 10ⁿ that lies at least TICK_PIXELS apart."""
    if length <= 0 or pixels <= 0 or not math.isfinite(length):
        return 1.0
    wanted = length * TICK_PIXELS / pixels
    power = 10.0 ** math.floor(math.log10(wanted))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= wanted * (1 - 1e-9))


def tick_text(value: float, places: int) -> str:
    text = f"{abs(value):.{places}f}"
    return f"−{text}" if value < 0 and float(text) != 0 else text


def paint_grid(painter: QPainter, theme: Theme, area: QRectF, view: tuple[float, float, float, float],
               words: AxisWords, labelled: bool) -> None:
    """area: the plot in pixels; view: x0, y0, x1, y1 in data units (y up)."""
    x0, y0, x1, y1 = view
    if not (x1 > x0 and y1 > y0):
        return
    tokens = theme.tokens
    font = theme.font("caption")
    font.setPixelSize(10)
    painter.setFont(font)
    columns, x_places = ticks(x0, x1, area.width())
    rows, y_places = ticks(y0, y1, area.height())
    grid, ink = QPen(QColor(tokens.grid), 1), QColor(tokens.text3)
    for value in columns:
        x = round(area.left() + (value - x0) / (x1 - x0) * area.width()) + 0.5
        painter.setPen(grid)
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        if labelled:
            painter.setPen(ink)
            painter.drawText(QRectF(x - 30, area.bottom() + 3, 60, 14), Qt.AlignmentFlag.AlignCenter,
                             tick_text(value, x_places))
    for value in rows:
        y = round(area.bottom() - (value - y0) / (y1 - y0) * area.height()) + 0.5
        painter.setPen(grid)
        painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
        if labelled and area.top() + 3 <= y <= area.bottom() - 3:  # nearer to an end it would be cut
            painter.setPen(ink)
            painter.drawText(QRectF(area.left() - 46, y - 7, 40, 14),
                             Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, tick_text(value, y_places))
    painter.setFont(font)
    painter.setPen(ink)
    painter.drawText(QRectF(area.left() + 5, area.top() + 4, area.width() - 10, 14),
                     Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words.vertical)
    painter.drawText(QRectF(area.left() + 5, area.bottom() - 18, area.width() - 10, 14),
                     Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, words.horizontal)
