"""The projection: samples △, centroids ▲, sounds, and the live query ×, in two dimensions of equal scale."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEasingCurve, QEvent, QPointF, QRectF, Qt, QTimer, QVariantAnimation, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QWidget

from engine.records import MapPoint
from gui.widgets.projection_plot.axes import AxisWords, paint_grid
from gui.widgets.projection_plot.card import CardWords, PointCard
from gui.widgets.projection_plot.layers import PointLayers
from gui.widgets.projection_plot.names import named, place
from gui.widgets.projection_plot.query import Link, Query
from gui.widgets.projection_plot.rimmed import RimmedText
from gui.widgets.still import Still

if TYPE_CHECKING:
    from gui.theme import Theme

HOVER_PIXELS = 10.0
HOVER_SOUND_MS = 250
REFIT_MS = 500
NO_WORDS = AxisWords()
CROSS = {"small": 14.0, "large": 18.0, "mini": 12.0}


class ProjectionPlot(pg.PlotWidget):
    """Shows MapPoints. size: "small" (Live), "large" (Map), "mini" (a side panel: no axes, no panning).

    pointed: a MapPoint as soon as the pointer is on it, None when it leaves (the card shows at once).
    hovered: the same point after it was held for a quarter second, None when left: time to let it sound.
    clicked: a MapPoint, or None for the empty plane.
    """

    pointed = Signal(object)
    hovered = Signal(object)
    clicked = Signal(object)

    def __init__(self, theme: Theme, size: str = "small", surface: str = "panel",
                 parent: QWidget | None = None) -> None:
        self._theme, self._size, self._surface = theme, size, surface
        self._ready = False
        super().__init__(parent=parent)
        self.describe: Callable[[MapPoint], CardWords] = lambda p: CardWords(p.label, p.group)
        self.name_groups = True
        self.query = Query()
        self._texts = RimmedText(theme)
        self._axis_words = AxisWords()
        self._names: list[tuple[QRectF, str, bool]] = []
        self._names_stale = True
        self._still = Still()
        self._focus: str | None = None
        self._hover: int | None = None
        self._selected: str | None = None
        self._user_moved = False
        self._covered: list[QRectF] = []
        self._box: pg.ViewBox = self.getPlotItem().getViewBox()
        self._layers = PointLayers(theme, self._box, size)
        self._card = PointCard(theme, self)
        self._set_up_view()
        self._sound_timer = QTimer(self, singleShot=True, interval=HOVER_SOUND_MS)
        self._sound_timer.timeout.connect(self._held)
        self._raster_timer = QTimer(self, singleShot=True, interval=20)
        self._raster_timer.timeout.connect(self._paint_raster)
        self._refit = QVariantAnimation(self, duration=REFIT_MS, startValue=0.0, endValue=1.0)
        self._refit.setEasingCurve(QEasingCurve.Type.InOutCubic)
        self._refit.valueChanged.connect(self._step)
        self._from = self._to = np.zeros((0, 2))
        theme.changed.connect(self._recolour)
        self._ready = True

    # --- what is shown ---------------------------------------------------------------------------------------------

    @property
    def points(self) -> tuple[MapPoint, ...]:
        return self._layers.points

    @property
    def rastered(self) -> bool:
        return self._layers.rastered

    @property
    def moving(self) -> bool:
        return self._refit.state() == QVariantAnimation.State.Running

    def set_covered(self, boxes: list[QRectF]) -> None:
        """Where something lies over the plot, in its pixels: no name is written there."""
        if boxes != self._covered:
            self._covered = boxes
            self._changed()

    def names(self) -> list[str]:
        """The names that stand on the plot now."""
        self._place_names()
        return [text for _, text, _ in self._names]

    def set_points(self, points: Sequence[MapPoint], words: AxisWords = NO_WORDS, animate: bool = True,
                   keep_view: bool = True) -> None:
        """Show these points. Those with the same id move from where they were, unless motion is reduced.

        keep_view: where the user zoomed or panned, the view stays; for another map it must not.
        """
        self._refit.stop()
        target = np.array([(p.x, p.y) for p in points], dtype=np.float64).reshape(-1, 2)
        old = {p.id: i for i, p in enumerate(self._layers.points)}
        start = target.copy()
        for i, point in enumerate(points):
            if point.id in old:
                start[i] = self._layers.xy[old[point.id]]
        same = bool(old) and any(p.id in old for p in points)
        moves = animate and same and self._theme.duration_ms(REFIT_MS) > 0 and not np.allclose(start, target)
        self._axis_words = words
        self._hover = None
        self._card.hide()
        self._from, self._to = start, target
        self._layers.show(points, start if moves else target, self._focus)
        self._user_moved = self._user_moved and same and keep_view
        if moves:
            self._refit.start()
        else:
            self._fit_unless_moved()
        self._changed()
        self.setAccessibleDescription(self.tr("%n point(s)", "", len(points)))

    def set_focus_group(self, group: str | None) -> None:
        """Let one group stay bright and the others step back."""
        if group != self._focus:
            self._focus = group
            self._layers.show(self._layers.points, self._layers.xy, group)
            self._changed()

    def select(self, point_id: str | None) -> None:
        self._selected = point_id
        self.viewport().update()

    def move_query(self, time_s: float, x: float, y: float, links: Sequence[Link] = (), note: str = "") -> None:
        """Place the × and draw its lines; the trail remembers where it was."""
        self.query.move(time_s, x, y, links, note)
        if not self._user_moved and not self._area().adjusted(8, 8, -8, -8).contains(self.to_pixel(x, y)):
            self.fit()
        self.viewport().update()

    def tick_query(self, time_s: float) -> None:
        if self.query.at is not None:
            self.query.tick(time_s)
            self.viewport().update()

    def clear_query(self) -> None:
        if self.query.at is not None:
            self.query.clear()
            self.viewport().update()

    def fit(self) -> None:
        """Show every point and the query."""
        self._user_moved = False
        xy = self._to if self.moving else self._layers.xy
        extra = self.query.positions()
        if extra:
            xy = np.vstack([xy, np.array(extra)])
        if not len(xy):
            return
        low, high = xy.min(axis=0), xy.max(axis=0)
        span = np.maximum(high - low, max(float((high - low).max()) * 0.05, 1e-3))
        middle = (low + high) / 2
        area = self._area()
        rim_x = 1 + 2 * min(0.2, 44 / max(area.width(), 1.0)) + 0.08
        rim_y = 1 + 2 * min(0.2, 44 / max(area.height(), 1.0)) + 0.04
        self._box.setRange(QRectF(middle[0] - span[0] * rim_x / 2, middle[1] - span[1] * rim_y / 2,
                                  span[0] * rim_x, span[1] * rim_y), padding=0)

    # --- geometry ---------------------------------------------------------------------------------------------------

    def _view(self) -> tuple[float, float, float, float]:
        (x0, x1), (y0, y1) = self._box.viewRange()
        return x0, y0, x1, y1

    def _area(self) -> QRectF:
        return self._box.sceneBoundingRect()

    def to_pixel(self, x: float, y: float) -> QPointF:
        x0, y0, x1, y1 = self._view()
        area = self._area()
        return QPointF(area.left() + (x - x0) / (x1 - x0) * area.width(),
                       area.bottom() - (y - y0) / (y1 - y0) * area.height())

    def _pixels(self) -> NDArray[np.float64]:
        x0, y0, x1, y1 = self._view()
        area = self._area()
        scale = np.array([area.width() / (x1 - x0), -area.height() / (y1 - y0)])
        return (self._layers.xy - (x0, y0)) * scale + (area.left(), area.bottom())

    # --- set-up -----------------------------------------------------------------------------------------------------

    def _set_up_view(self) -> None:
        item = self.getPlotItem()
        item.hideButtons()
        item.setMenuEnabled(False)
        for side in ("left", "bottom"):
            item.hideAxis(side)
        left, bottom = (0, 0) if self._size == "mini" else (34, 22)
        item.layout.setContentsMargins(left, 0, 0, bottom)
        self._box.setAspectLocked(True)
        self._box.setDefaultPadding(0)
        self._box.disableAutoRange()
        if self._size == "mini":
            self._box.setMouseEnabled(False, False)
        self._box.sigRangeChanged.connect(self._changed)
        self._box.sigRangeChangedManually.connect(lambda *_: setattr(self, "_user_moved", True))
        self.scene().sigMouseClicked.connect(self._on_click)
        self.setMouseTracking(True)
        self.setFrameShape(pg.PlotWidget.Shape.NoFrame)
        self.setBackground(None)
        self.setAccessibleName(self.tr("Projection"))

    def _recolour(self) -> None:
        self._texts.clear()
        self._layers.show(self._layers.points, self._layers.xy, self._focus)
        self._changed()

    def _changed(self, *_: object) -> None:
        self._names_stale = True
        self._still.drop()
        if self._layers.rastered:
            self._raster_timer.start()
        self.viewport().update()

    def _fit_unless_moved(self) -> None:
        if not self._user_moved:
            self.fit()

    def _step(self, value: float) -> None:
        self._layers.move(self._from + (self._to - self._from) * value)
        self._fit_unless_moved()
        self._changed()

    def _paint_raster(self) -> None:
        area = self._area()
        self._layers.paint_raster(self._view(), (round(area.width()), round(area.height())))
        self._still.drop()
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._ready:
            self._still.drop()
            self._fit_unless_moved()

    # --- the pointer ------------------------------------------------------------------------------------------------

    def _nearest(self, at: QPointF) -> int | None:
        if not len(self._layers.xy) or not self._area().contains(at):
            return None
        away = np.hypot(*(self._pixels() - (at.x(), at.y())).T)
        best = int(np.argmin(away))
        return best if away[best] <= HOVER_PIXELS else None

    def mousePressEvent(self, ev: QMouseEvent) -> None:
        super().mousePressEvent(ev)
        ev.accept()

    def mouseReleaseEvent(self, ev: QMouseEvent) -> None:
        super().mouseReleaseEvent(ev)
        ev.accept()

    def mouseMoveEvent(self, ev: QMouseEvent) -> None:
        super().mouseMoveEvent(ev)
        if self._ready and not ev.buttons():
            self._point_at(self._nearest(ev.position()))

    def leaveEvent(self, ev: QEvent) -> None:
        super().leaveEvent(ev)
        if self._ready:
            self._point_at(None)

    def point_at_nothing(self) -> None:
        """Take away the card and the ring."""
        self._point_at(None)

    def _point_at(self, index: int | None) -> None:
        if index == self._hover:
            return
        if self._hover is not None:
            self.hovered.emit(None)
        self._hover = index
        self._sound_timer.stop()
        if index is None:
            self._card.hide()
            self.pointed.emit(None)
        else:
            point = self._layers.points[index]
            self._card.show_for(point, self.describe(point), self.to_pixel(*self._layers.xy[index]))
            self._sound_timer.start()
            self.pointed.emit(point)
        self.viewport().update()

    def _held(self) -> None:
        if self._hover is not None:
            self.hovered.emit(self._layers.points[self._hover])

    def _on_click(self, event: object) -> None:
        if event.button() == Qt.MouseButton.LeftButton:  # type: ignore[attr-defined]
            index = self._nearest(event.scenePos())  # type: ignore[attr-defined]
            self.clicked.emit(None if index is None else self._layers.points[index])

    # --- painting ---------------------------------------------------------------------------------------------------
    # What does not move is painted into a pixmap; the query and the rings are painted over it.

    def paintEvent(self, ev: QPaintEvent) -> None:
        if not self._ready:
            return
        view = self.viewport()
        painter = QPainter(view)
        painter.drawPixmap(0, 0, self._still.of(view, self._paint_still))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(self._area())
        self.query.paint(painter, self._theme, self.to_pixel, CROSS[self._size], self._texts,
                         [box for box, _, _ in self._names])
        self._paint_rings(painter)
        painter.end()

    def _paint_still(self, painter: QPainter) -> None:
        self.scene().prepareForPaint()
        self.render(painter, QRectF(self.viewport().rect()), self.viewport().rect())

    def drawBackground(self, painter: QPainter, rect: QRectF) -> None:
        if not self._ready:
            return
        tokens = self._theme.tokens
        painter.fillRect(rect, QColor(tokens.plot if self._surface == "plot" else tokens.panel))
        area = self._area()
        painter.fillRect(area, QColor(tokens.plot))
        if self._size != "mini" and self._axis_words.horizontal:
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            paint_grid(painter, self._theme, area, self._view(), self._axis_words, labelled=True)
            painter.restore()

    def drawForeground(self, painter: QPainter, rect: QRectF) -> None:
        if not self._ready:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(self._area())
        self._place_names()
        tokens = self._theme.tokens
        for box, text, dimmed in self._names:
            self._texts.paint(painter, box.center(), text, tokens.text2 if dimmed else tokens.text1,
                              500 if dimmed else 600)
        painter.restore()

    def paint_shapes(self, painter: QPainter) -> None:
        """Everything once more, as shapes, into a painter of the widget's size: for SVG."""
        self._layers.set_export(True)
        self._texts.vector = True
        try:
            self.scene().prepareForPaint()
            self.render(painter, QRectF(self.viewport().rect()), self.viewport().rect())
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self.query.paint(painter, self._theme, self.to_pixel, CROSS[self._size], self._texts)
        finally:
            self._layers.set_export(False)
            self._texts.vector = False

    def _paint_rings(self, painter: QPainter) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self._selected is not None:
            for i, point in enumerate(self._layers.points):
                if point.id == self._selected:
                    painter.setPen(QPen(QColor(self._theme.tokens.accent), 2))
                    painter.drawEllipse(self.to_pixel(*self._layers.xy[i]), 9, 9)
                    break
        if self._hover is not None and self._hover < len(self._layers.xy):
            painter.setPen(QPen(QColor(self._theme.tokens.text1), 1.5))
            painter.drawEllipse(self.to_pixel(*self._layers.xy[self._hover]), 8, 8)

    def _place_names(self) -> None:
        if not self._names_stale:
            return
        self._names_stale = False
        self._names = []
        if not self.name_groups or not len(self._layers.xy) or self.moving:
            return
        pixels = self._pixels()
        names = named(self._layers.points, pixels, self._texts.size)
        names = [name for name in names if self._area().contains(name.anchor)]
        names.sort(key=lambda name: (name.text != self._focus, -len(name.points)))
        for name, box in zip(names, place(names, pixels[:2000], self._area(), self._covered), strict=True):
            if box is not None:
                self._names.append((box, name.text, self._focus is not None and name.text != self._focus))
