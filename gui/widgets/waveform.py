"""Waveforms: of a whole sound, of the last seconds of a microphone, of a take that is being recorded.

A waveform arrives as peaks, uint8, 255 = full scale (`engine.audio.levels`); nothing is computed from samples here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.records import Span

if TYPE_CHECKING:
    from gui.theme import Theme

Peaks = NDArray[np.uint8]


def rgb(colour: QColor) -> NDArray[np.float64]:
    """(3,), 0 to 255."""
    return np.array([colour.red(), colour.green(), colour.blue()], dtype=np.float64)


def paint_peaks(painter: QPainter, area: QRectF, peaks: Peaks, colour: QColor, gain: float = 1.0) -> None:
    """Draw an envelope mirrored about the middle of the area. gain: 1 lets 255 touch the edges."""
    if not len(peaks) or area.width() < 2:
        return
    columns = max(2, int(area.width()))
    if len(peaks) > columns:
        edges = np.linspace(0, len(peaks), columns + 1).astype(int)[:-1]
        shown = np.maximum.reduceat(peaks, edges)
    else:
        shown = peaks
    half = area.height() / 2
    x = np.linspace(area.left(), area.right(), len(shown))
    y = np.maximum(shown.astype(np.float64) / 255.0 * half * gain, 0.5).clip(max=half)
    middle = area.center().y()
    outline = [QPointF(a, middle - b) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    outline += [QPointF(a, middle + b) for a, b in zip(x[::-1].tolist(), y[::-1].tolist(), strict=True)]
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawPolygon(QPolygonF(outline))
    painter.restore()


def envelope_image(peaks: Peaks, width: int, height: int, ink: QColor, ground: QColor, gain: float) -> QImage | None:
    """The same as an image, six times faster than an antialiased polygon: for what is drawn at every tick."""
    if width < 2 or height < 2 or not len(peaks):
        return None
    at = np.linspace(0, len(peaks), width + 1).astype(int)[:-1]
    shown = np.maximum.reduceat(peaks, at) if len(peaks) > width else peaks[np.minimum(at, len(peaks) - 1)]
    half = np.clip(shown.astype(np.float32) / 255.0 * (height / 2) * gain, 0.5, height / 2)
    away = np.abs(np.arange(height, dtype=np.float32) + 0.5 - height / 2)
    cover = np.clip(half[None, :] - away[:, None] + 0.5, 0.0, 1.0) * 255.0
    pixels = np.zeros((height, (width + 3) // 4 * 4), dtype=np.uint8)
    pixels[:, :width] = cover
    image = QImage(pixels.data, width, height, pixels.shape[1], QImage.Format.Format_Indexed8).copy()
    steps = np.linspace(0.0, 1.0, 256)[:, None]
    table = (rgb(ground) * (1 - steps) + rgb(ink) * steps).astype(int)
    image.setColorTable([0xFF000000 | r << 16 | g << 8 | b for r, g, b in table.tolist()])
    return image


class LiveWaveform(QWidget):
    """The last seconds, newest at the right. `push` takes the peaks of what is new."""

    def __init__(self, theme: Theme, columns: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._peaks: Peaks = np.zeros(columns, dtype=np.uint8)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName(self.tr("Waveform of the microphone"))
        theme.changed.connect(self.update)

    def push(self, peaks: Peaks) -> None:
        new = len(peaks)
        if new >= len(self._peaks):
            self._peaks[:] = peaks[-len(self._peaks):]
        elif new:
            self._peaks[:-new] = self._peaks[new:]
            self._peaks[-new:] = peaks
        if new:
            self.update()

    def clear(self) -> None:
        self._peaks[:] = 0
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(400, 88)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(tokens.plot))
        # Speech peaks lie around −12 dBFS: twice the height shows its shape, and what clips still touches the edge.
        image = envelope_image(self._peaks, self.width(), self.height(), QColor(tokens.wave), QColor(tokens.plot), 2.0)
        if image is not None:
            painter.drawImage(0, 0, image)
        painter.end()


class TakeWaveform(QWidget):
    """A take from its start: peaks grow to the right, the accent line is now, green bars are counted as speech."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._peaks: list[Peaks] = []
        self._spans: tuple[Span, ...] = ()
        self.elapsed_s = 0.0
        self.length_s = 10.0
        self.recording = False
        self.hint = ""  # shown while there is nothing to draw
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(48)
        self.setAccessibleName(self.tr("Waveform of the take"))
        theme.changed.connect(self.update)

    def push(self, peaks: Peaks, elapsed_s: float) -> None:
        if len(peaks):
            self._peaks.append(peaks)
        self.elapsed_s = elapsed_s
        while self.elapsed_s > self.length_s * 0.95:
            self.length_s *= 1.5
        self.update()

    def set_spans(self, spans: Sequence[Span]) -> None:
        self._spans = tuple(spans)
        self.setAccessibleDescription(self.tr("%n stretch(es) counted as speech", "", len(self._spans)))
        self.update()

    def clear(self) -> None:
        self._peaks, self._spans, self.elapsed_s, self.length_s = [], (), 0.0, 10.0
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(400, 72)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(tokens.plot))
        painter.setPen(QPen(QColor(tokens.line), 1))
        painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
        scale = (self.width() - 2) / self.length_s
        if self._peaks:
            paint_peaks(painter, QRectF(1, 6, self.elapsed_s * scale, self.height() - 24), np.concatenate(self._peaks),
                        QColor(tokens.wave), gain=2.0)
        elif self.hint and not self.recording:
            painter.setFont(self._theme.font("small"))
            painter.setPen(QColor(tokens.text3))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.hint)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.ok))
        for span in self._spans:
            bar = QRectF(1 + span.start_s * scale, self.height() - 10, span.duration_s * scale, 4)
            painter.drawRoundedRect(bar, 2, 2)
        if self.recording:
            painter.setPen(QPen(QColor(tokens.accent), 2))
            x = 1 + self.elapsed_s * scale
            painter.drawLine(QPointF(x, 1), QPointF(x, self.height() - 1))
        painter.end()


class WaveformStrip(QWidget):
    """A whole sound, 40 px high, plain."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._peaks: Peaks = np.zeros(0, dtype=np.uint8)
        self.setFixedHeight(40)
        self.setAccessibleName(self.tr("Waveform"))
        theme.changed.connect(self.update)

    def set_peaks(self, peaks: Peaks) -> None:
        self._peaks = peaks
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        area = QRectF(self.rect()).adjusted(0, 2, 0, -2)
        paint_peaks(painter, area, self._peaks, QColor(self._theme.tokens.wave_span))
        painter.end()
