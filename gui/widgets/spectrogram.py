"""Spectrograms that grow: only what is new is computed (`engine.audio.features`) and only its columns are written.

The picture is an 8-bit image with a colour table, kept in a numpy array that the QImage looks into.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.records import FloatArray
from gui.widgets.waveform import rgb

if TYPE_CHECKING:
    from gui.theme import Theme

Scale = Literal["mel", "linear"]
BANDS, HOP_S, F_MAX = 96, 0.02, 8000
FLOOR_DB, TOP_DB = -80.0, -18.0  # what the colours run between


def colour_table(theme: Theme) -> list[int]:
    """256 colours from the plot's own to the loudest: magma in the dark, magma reversed in the light."""
    magma = pg.colormap.get("magma").getLookupTable(nPts=256)[:, :3].astype(np.float64)
    if not theme.dark:
        magma = magma[::-1]
    ground = rgb(QColor(theme.tokens.plot))
    share = np.clip(np.arange(256) / 60.0, 0.0, 1.0)[:, None]
    table = (ground * (1 - share) + magma * share).astype(int)
    return [0xFF000000 | (int(r) << 16) | (int(g) << 8) | int(b) for r, g, b in table]


def height_of(frequency_hz: float, scale: Scale, f_max: float = F_MAX) -> float:
    """Where a frequency lies, 0 (bottom) to 1 (f_max). Mel by O'Shaughnessy: 2595 log₁₀(1 + f / 700)."""
    if scale == "linear":
        return frequency_hz / f_max
    return math.log10(1 + frequency_hz / 700) / math.log10(1 + f_max / 700)


def frequency_ticks(scale: Scale) -> list[tuple[float, str]]:
    marks = (125, 500, 1000, 2000, 4000, 8000) if scale == "mel" else (0, 2000, 4000, 6000, 8000)
    return [(height_of(f, scale), f"{f // 1000}k" if f >= 1000 else str(f)) for f in marks]


class SpectrogramView(QWidget):
    """columns: how many the picture holds. scrolling: newest at the right; otherwise it fills from the left."""

    def __init__(self, theme: Theme, columns: int, scrolling: bool = True, framed: bool = False,
                 parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._scrolling, self._framed = theme, scrolling, framed
        self._filled = 0
        self._pixels: NDArray[np.uint8] = np.zeros((BANDS, _padded(columns)), dtype=np.uint8)
        self._columns = columns
        self._image = self._wrap()
        self.length_s = columns * HOP_S
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(48)
        self.setAccessibleName(self.tr("Spectrogram"))
        theme.changed.connect(self._recolour)

    def push(self, columns: FloatArray) -> None:
        """columns: float32 (BANDS, n), dB, lowest band first."""
        new = columns.shape[1]
        if not new:
            return
        level = (columns - FLOOR_DB) * (255.0 / (TOP_DB - FLOOR_DB))
        pixels = np.clip(level, 0, 255).astype(np.uint8)[::-1]
        if self._scrolling:
            pixels = pixels[:, -self._columns:]
            new = pixels.shape[1]
            self._pixels[:, :self._columns - new] = self._pixels[:, new:self._columns].copy()
            self._pixels[:, self._columns - new:self._columns] = pixels
        else:
            while self._filled + new > self._columns:
                self._grow()
            self._pixels[:, self._filled:self._filled + new] = pixels
            self._filled += new
        self.update()

    def clear(self) -> None:
        self._pixels[:] = 0
        self._filled = 0
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(400, 72)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._scrolling:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(QRectF(self.rect()), self._image, QRectF(0, 0, self._columns, BANDS))
        else:
            painter.fillRect(self.rect(), QColor(self._theme.tokens.plot))
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            shown = self.length_s / HOP_S
            painter.drawImage(QRectF(1, 1, (self.width() - 2) * self._filled / shown, self.height() - 2), self._image,
                              QRectF(0, 0, self._filled, BANDS))
        if self._framed:
            painter.setPen(QPen(QColor(self._theme.tokens.line), 1))
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
        painter.end()

    def _grow(self) -> None:
        wider = np.zeros((BANDS, _padded(self._columns * 2)), dtype=np.uint8)
        wider[:, :self._filled] = self._pixels[:, :self._filled]
        self._pixels, self._columns = wider, self._columns * 2
        self._image = self._wrap()

    def _wrap(self) -> QImage:
        rows, stride = self._pixels.shape
        image = QImage(self._pixels.data, stride, rows, stride, QImage.Format.Format_Indexed8)
        image.setColorTable(colour_table(self._theme))
        return image

    def _recolour(self) -> None:
        self._image.setColorTable(colour_table(self._theme))
        self.update()


def _padded(columns: int) -> int:
    return (columns + 3) // 4 * 4  # QImage rows start on 32 bits
