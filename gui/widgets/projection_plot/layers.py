"""The points of a projection inside a ViewBox: one scatter for each mark, or an image when there are very many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor

from engine.records import MapPoint
from gui.widgets.projection_plot.raster import RASTER_ABOVE, rasterise
from gui.widgets.projection_plot.symbols import OTHER, mark

if TYPE_CHECKING:
    from gui.theme import Theme

_DEPTH = {"sound": 1, "sample": 2, "centroid": 3}


class PointLayers:
    """Draws MapPoints. `xy` (n, 2) is where they are now; it differs from the points' own place while moving."""

    def __init__(self, theme: Theme, box: pg.ViewBox, size: str) -> None:
        self._theme, self._box, self._size = theme, box, size
        self.points: tuple[MapPoint, ...] = ()
        self.xy: NDArray[np.float64] = np.zeros((0, 2))
        self._items: list[tuple[NDArray[np.int64], pg.ScatterPlotItem]] = []
        self._image: pg.ImageItem | None = None
        self._rgb: NDArray[np.float64] = np.zeros((0, 3))

    @property
    def rastered(self) -> bool:
        return self._image is not None

    def show(self, points: Sequence[MapPoint], xy: NDArray[np.float64], focus: str | None = None) -> None:
        """Replace everything. focus: the group that stays bright while the others step back."""
        self._clear()
        self.points, self.xy = tuple(points), xy
        if len(points) > RASTER_ABOVE:
            self._image = pg.ImageItem()
            self._rgb = self._colours()
            self._box.addItem(self._image, ignoreBounds=True)
            return
        rows: dict[tuple[str, int, bool], list[int]] = {}
        for i, point in enumerate(self.points):
            dimmed = focus is not None and point.group != focus
            rows.setdefault((point.kind, point.colour, dimmed), []).append(i)
        for (kind, colour, dimmed), members in rows.items():
            if kind == "query":
                continue
            look = mark(self._theme, kind, colour, self._size, dimmed)
            index = np.array(members, dtype=np.int64)
            item = pg.ScatterPlotItem(symbol=look.path, size=look.size, pen=look.pen, brush=look.brush, pxMode=True)
            item.setZValue(_DEPTH.get(kind, 1) + (0 if dimmed or colour == OTHER else 0.5))
            item.setData(x=xy[index, 0], y=xy[index, 1])
            self._box.addItem(item, ignoreBounds=True)
            self._items.append((index, item))

    def move(self, xy: NDArray[np.float64]) -> None:
        """The same points at other places."""
        self.xy = xy
        for index, item in self._items:
            item.setData(x=xy[index, 0], y=xy[index, 1])

    def paint_raster(self, view: tuple[float, float, float, float], pixels: tuple[int, int]) -> None:
        """Make the image anew for what is in view; does nothing for a scatter."""
        if self._image is None or min(pixels) < 2:
            return
        x0, y0, x1, y1 = view
        self._image.setImage(rasterise(self.xy, self._rgb, view, (pixels[0] // 2, pixels[1] // 2)), autoLevels=False,
                             levels=(0, 255))
        self._image.setRect(QRectF(x0, y0, x1 - x0, y1 - y0))

    def set_export(self, on: bool) -> None:
        """Let the scatters draw shapes instead of the pixels they keep."""
        for _, item in self._items:
            item.setExportMode(on)

    def _colours(self) -> NDArray[np.float64]:
        palette = {OTHER: QColor(self._theme.tokens.text3)}
        palette |= {i: QColor(self._theme.category(i)) for i in range(12)}
        table = {i: (c.red(), c.green(), c.blue()) for i, c in palette.items()}
        return np.array([table[OTHER if p.colour == OTHER else p.colour % 12] for p in self.points], dtype=np.float64)

    def _clear(self) -> None:
        for _, item in self._items:
            self._box.removeItem(item)
        self._items = []
        if self._image is not None:
            self._box.removeItem(self._image)
            self._image = None
