"""How near a query is along one sound: a curve under the waveform, with the stretches where it is heard."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.records import FoundSpan, Localisation, Span
from gui.theme import Theme
from gui.widgets.controls import Bar, Button, ElidedText, IconButton
from gui.widgets.strip import span_pixels
from gui.words import clock, similarity

HEIGHT_PX = 32
GROUND_SHARE = 0.17
WORDS_GROUND = 0.88


class Curve(QWidget):
    """picked(FoundSpan): a stretch was pressed. sought(position_s): another place. wanted: to be looked for. cancelled.

    state(on): there is something to show, or nothing any more.
    """

    picked = Signal(object)
    sought = Signal(float)
    wanted = Signal()
    cancelled = Signal()
    state = Signal(bool)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.found: Localisation | None = None
        self._position_s: float | None = None
        self.setFixedHeight(HEIGHT_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.words = ElidedText(theme, "", "small", "text2", parent=self)
        self.bar = Bar(theme, self.tr("Looking through the sound"), 0.0, "accent", parent=self)
        self.stop = IconButton(theme, "x", self.tr("Cancel"), size=20, parent=self)
        self.stop.setFixedSize(20, 20)
        self.go = Button(theme, self.tr("Find all places"), "magnifying-glass", small=True, parent=self)
        self.stop.clicked.connect(self.cancelled)
        self.go.clicked.connect(self.wanted)
        theme.changed.connect(self.update)
        self.show_nothing()

    @property
    def spans(self) -> tuple[FoundSpan, ...]:
        return self.found.spans if self.found is not None else ()

    def show_nothing(self) -> None:
        """There is no query, or the sound is too short for a curve."""
        self._set(None, "", shown=False)

    def show_offer(self, words: str) -> None:
        """The sound is so long that looking through it is asked for first."""
        self._set(None, words, offer=True)

    def show_progress(self, words: str, fraction: float) -> None:
        self._set(None, words, working=True)
        self.bar.set(fraction)

    def show_failure(self, sentence: str) -> None:
        self._set(None, sentence)

    def show_found(self, found: Localisation) -> None:
        words = "" if found.spans else self.tr("Not heard in this sound")
        self._set(found, words)
        places = ", ".join(f"{clock(one.start_s)} – {clock(one.end_s)}" for one in found.spans)
        if places:
            words = self.tr("{query}: heard at {places}").format(query=found.query, places=places)
        self.setAccessibleName(words)

    def set_position(self, position_s: float | None) -> None:
        self._position_s = position_s
        if self.found is not None:
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(400, HEIGHT_PX)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._place()

    def paintEvent(self, event: QPaintEvent) -> None:
        t, painter = self.theme.tokens, QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(t.line), 1))
        painter.setBrush(QColor(t.plot))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        if self.found is None or self.found.duration_s <= 0:
            return
        box = QRectF(self.rect()).adjusted(1, 2, -1, -2)
        for one in self.found.spans:
            left, right = span_pixels(box, Span(one.start_s, one.end_s), self.found.duration_s)
            ground = QColor(t.accent)
            ground.setAlphaF(GROUND_SHARE)
            painter.fillRect(QRectF(left, box.y(), right - left, box.height()), ground)
            painter.fillRect(QRectF(left, box.bottom() - 2, right - left, 3), QColor(t.accent))
        points, level = self._points(box)
        pen = QPen(QColor(t.text3), 1)
        pen.setDashPattern([3, 3])
        painter.setPen(pen)
        painter.drawLine(QPointF(box.x(), level), QPointF(box.right(), level))
        painter.setPen(QPen(QColor(t.wave_span), 1.5))
        painter.drawPolyline(QPolygonF(points))
        if not self.words.isHidden():  # on a ground of their own, so that the curve does not run through them
            ground = QColor(t.plot)
            ground.setAlphaF(WORDS_GROUND)
            painter.fillRect(QRectF(self.words.geometry()).adjusted(-8, 2, 8, -2), ground)
        if self._position_s is not None:
            x = box.x() + box.width() * min(1.0, max(0.0, self._position_s / self.found.duration_s))
            painter.fillRect(QRectF(x - 1, box.y(), 2, box.height()), QColor(t.text1))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self.found is None:
            return
        at_s = self.found.duration_s * min(1.0, max(0.0, event.position().x() / max(1, self.width())))
        here = self._span_at(event.position().x())
        if here is not None:
            self.picked.emit(here)
        else:
            self.sought.emit(at_s)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        here = self._span_at(event.position().x())
        self.setCursor(Qt.CursorShape.PointingHandCursor if here is not None else Qt.CursorShape.ArrowCursor)
        self.setToolTip("" if here is None else self.tr("{start} – {end} · similarity {similarity} · press to hear it").format(
            start=clock(here.start_s), end=clock(here.end_s), similarity=similarity(here.similarity)))

    def _span_at(self, x: float) -> FoundSpan | None:
        if self.found is None:
            return None
        box = QRectF(self.rect()).adjusted(1, 2, -1, -2)
        for one in self.found.spans:
            left, right = span_pixels(box, Span(one.start_s, one.end_s), self.found.duration_s)
            if left <= x <= right:
                return one
        return None

    def _points(self, box: QRectF) -> tuple[list[QPointF], float]:
        """The curve, each window at its middle, and where the threshold lies; both fit into box."""
        assert self.found is not None
        values, threshold = self.found.similarities, self.found.threshold
        low, high = min(*values, threshold), max(*values, threshold)
        scale = (box.height() - 6) / max(high - low, 1e-6)
        whole = max(self.found.duration_s, 1e-6)
        points = [QPointF(box.x() + box.width() * (start + end) / 2 / whole, box.bottom() - 3 - (value - low) * scale)
                  for start, end, value in zip(self.found.starts_s, self.found.ends_s, values, strict=True)]
        points = [QPointF(box.x(), points[0].y()), *points, QPointF(box.right(), points[-1].y())]
        return points, box.bottom() - 3 - (threshold - low) * scale

    def _set(self, found: Localisation | None, words: str, working: bool = False, offer: bool = False,
             shown: bool = True) -> None:
        self.found = found
        self.setMouseTracking(found is not None)
        self.unsetCursor()
        self.setToolTip("")
        self.words.set_text(words)
        self.words.setVisible(bool(words))
        self.bar.setVisible(working)
        self.stop.setVisible(working)
        self.go.setVisible(offer)
        self.setAccessibleName(words)
        self.setVisible(shown)
        self.state.emit(shown)
        self._place()
        self.update()

    def _place(self) -> None:
        """Words at the left (at the right, over a curve), what there is to press at the right."""
        right = self.width() - 10
        for widget in (self.stop, self.go):
            if not widget.isHidden():
                size = widget.sizeHint() if widget is self.go else widget.size()
                widget.setGeometry(right - size.width(), (HEIGHT_PX - size.height()) // 2, size.width(), size.height())
                right -= size.width() + 8
        if not self.bar.isHidden():
            self.bar.setGeometry(right - 120, (HEIGHT_PX - 12) // 2, 120, 12)
            right -= 128
        room = max(10, min(self.words.sizeHint().width(), right - 10))
        left = 10 if self.found is None else right - room
        self.words.setGeometry(left, 0, room, HEIGHT_PX)
