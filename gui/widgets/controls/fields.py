"""Things to fill in: search box, select, number, tick, slider."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSignalBlocker, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QHideEvent, QPainter, QPaintEvent, QPen, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QLineEdit, QSizePolicy, QSlider, QWidget

from gui.theme import CONTROL_PX, Theme

REST_MS = 400  # a number that was not moved for so long has settled


class SearchBox(QLineEdit):
    """A line with a magnifying glass. The placeholder is also its accessible name."""

    def __init__(self, theme: Theme, placeholder: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.setFont(theme.font("body"))
        self.setPlaceholderText(placeholder)
        self.setAccessibleName(placeholder)
        self.setFixedHeight(CONTROL_PX)
        self._glass = self.addAction(theme.icon("magnifying-glass", "text3"), QLineEdit.ActionPosition.LeadingPosition)
        theme.changed.connect(self._colour)

    def _colour(self) -> None:
        self._glass.setIcon(self.theme.icon("magnifying-glass", "text3"))


class Select(QComboBox):
    """A choice: grey prefix, value, grey detail at the right, caret. Item data role DETAIL holds the detail.

    invalid: outlined in the error colour with that icon (such as "microphone-slash").
    """

    DETAIL = int(Qt.ItemDataRole.UserRole) + 7

    def __init__(self, theme: Theme, name: str, prefix: str = "", icon: str = "", flat: bool = False,
                 parent: QWidget | None = None) -> None:
        """flat: small words without a frame, for what is seldom changed."""
        super().__init__(parent)
        self.theme, self.prefix, self.icon_name, self._invalid, self._flat = theme, prefix, icon, False, flat
        self.setFont(theme.font("small" if flat else "body"))
        self.setAccessibleName(name)
        self.setFixedHeight(20 if flat else CONTROL_PX)
        self.setMinimumWidth(90)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def add(self, text: str, data: object = None, detail: str = "") -> None:
        self.addItem(text, data)
        self.setItemData(self.count() - 1, detail, self.DETAIL)

    def set_invalid(self, invalid: bool) -> None:
        self._invalid = invalid
        self.update()

    def sizeHint(self) -> QSize:
        widest = max((self.fontMetrics().horizontalAdvance(self.itemText(i)) for i in range(self.count())), default=60)
        prefix = self.fontMetrics().horizontalAdvance(self.prefix) + 8 if self.prefix else 0
        return QSize(widest + prefix + (24 if self.icon_name else 0) + 48, CONTROL_PX)

    def wheelEvent(self, event: object) -> None:
        """A wheel over a closed select scrolls the page, it does not change the choice."""
        event.ignore()  # type: ignore[attr-defined]

    def paintEvent(self, event: QPaintEvent) -> None:
        t = self.theme.tokens
        painter = QPainter(self)
        if not self._flat or self.hasFocus():
            paint_field(painter, self.rect(), self.theme, self.hasFocus(), self.isEnabled(),
                        "error" if self._invalid else "edge")
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        x, right = 1 if self._flat else 11, self.width() - (18 if self._flat else 30)
        if self.icon_name:
            painter.drawPixmap(x, (self.height() - 16) // 2,
                               self.theme.pixmap(self.icon_name, "error" if self._invalid else "text2"))
            x += 24
        metrics = self.fontMetrics()
        painter.setFont(self.font())
        if self.prefix:
            painter.setPen(QColor(t.text2))
            painter.drawText(QRectF(x, 0, right - x, self.height()), middle, self.prefix)
            x += metrics.horizontalAdvance(self.prefix) + 7
        detail = str(self.currentData(self.DETAIL) or "")
        if detail and metrics.horizontalAdvance(self.currentText() + detail) + 16 < right - x:
            painter.setPen(QColor(t.text3))
            painter.drawText(QRectF(x, 0, right - x, self.height()),
                             Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, detail)
        ink = t.text2 if self._flat else t.text1
        painter.setPen(QColor(t.error if self._invalid else ink if self.isEnabled() else t.text3))
        painter.drawText(QRectF(x, 0, right - x, self.height()), middle,
                         metrics.elidedText(self.currentText(), Qt.TextElideMode.ElideRight, right - x))
        painter.drawPixmap(self.width() - (13 if self._flat else 24), (self.height() - 12) // 2,
                           self.theme.pixmap("caret-down", "text3", 12))


class Rest(QTimer):
    """over: what is moved has come to rest. A slider that is held has not."""

    over = Signal()

    def __init__(self, moving: QWidget) -> None:
        super().__init__(moving, interval=REST_MS, singleShot=True)
        self.timeout.connect(self._look)

    def moved(self) -> None:
        self.start()

    def settle(self) -> None:
        """It is over now, if anything was moved."""
        if self.isActive():
            self.stop()
            self.over.emit()

    def _look(self) -> None:
        if isinstance(slider := self.parent(), QSlider) and slider.isSliderDown():
            self.start()
        else:
            self.over.emit()


class NumberBox(QDoubleSpinBox):
    """A number, right-aligned, without arrows; up and down still step it. decimals 0 makes it whole.

    settled(value): it came to rest, was entered, or goes out of view. What is written down follows this and not
    valueChanged, which comes for every step on the way.
    """

    settled = Signal(float)

    def __init__(self, theme: Theme, name: str, low: float, high: float, step: float, decimals: int = 2,
                 value: float = 0.0, width: int = 74, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.setFont(theme.font("body"))
        self.setFrame(False)
        self.lineEdit().setProperty("bare", True)
        self.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setDecimals(decimals)
        self.setRange(low, high)
        self.setSingleStep(step)
        self.setValue(value)
        self.setAccessibleName(name)
        self.setFixedSize(width, CONTROL_PX)
        self.setKeyboardTracking(False)
        self._rest = Rest(self)
        self._rest.over.connect(self._say)
        self.valueChanged.connect(self._rest.moved)
        self.editingFinished.connect(self.settle)
        theme.changed.connect(self.update)

    def settle(self) -> None:
        """What is being changed counts now."""
        self._rest.settle()

    def show_value(self, value: float) -> None:
        """Show what is true, and tell nobody. What was on its way is given up: `settle` before reading what is true."""
        self._rest.stop()
        with QSignalBlocker(self):
            self.setValue(value)

    def _say(self) -> None:
        self.settled.emit(self.value())

    def hideEvent(self, event: QHideEvent) -> None:
        self.settle()
        super().hideEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._keep_edge_clear()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._keep_edge_clear()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)  # a new style sheet lays the field over the whole box again
        self._keep_edge_clear()

    def _keep_edge_clear(self) -> None:
        self.lineEdit().setGeometry(8, 1, self.width() - 16, self.height() - 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_field(painter, self.rect(), self.theme, self.hasFocus(), self.isEnabled())


def paint_field(painter: QPainter, box: QRect, theme: Theme, focused: bool, enabled: bool = True,
                edge: str = "edge") -> None:
    """Draw the ground of something to fill in: a ring of 2 px in the accent while it has the focus."""
    inset = 1.0 if focused else 0.5
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.colour("accent" if focused else edge if enabled else "line"), 2 if focused else 1))
    painter.setBrush(theme.colour("field"))
    painter.drawRoundedRect(QRectF(box).adjusted(inset, inset, -inset, -inset), 6, 6)


class Check(QCheckBox):
    """A tick with words."""

    def __init__(self, theme: Theme, text: str, name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.theme = theme
        self.setFont(theme.font("body"))
        self.setAccessibleName(name or text)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        words = self.fontMetrics().horizontalAdvance(self.text())
        return QSize(20 + (6 + words if words else 0), max(20, self.fontMetrics().height()))

    def hitButton(self, position: object) -> bool:
        return self.rect().contains(position)  # type: ignore[call-overload, no-any-return]

    def paintEvent(self, event: QPaintEvent) -> None:
        t = self.theme.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(2.5, (self.height() - 13) / 2, 13, 13)
        on, live = self.isChecked(), self.isEnabled()
        if self.hasFocus():
            painter.setPen(QPen(QColor(t.accent), 2))
            painter.drawRoundedRect(box.adjusted(-2, -2, 2, 2), 4, 4)
        painter.setPen(QPen(QColor(t.accent if on and live else t.edge), 1))
        painter.setBrush(QColor(t.accent if live else t.line) if on else QColor(t.field))
        painter.drawRoundedRect(box, 2, 2)
        if on:
            pen = QPen(QColor(t.on_accent), 1.6)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            x, y = box.x(), box.y()
            painter.drawPolyline([QPointF(x + 3.2, y + 6.8), QPointF(x + 5.6, y + 9.2),
                                  QPointF(x + 10, y + 4.4)])
        painter.setFont(self.font())
        painter.setPen(QColor(t.text1 if live else t.text3))
        painter.drawText(QRectF(24, 0, self.width() - 24, self.height()),
                         Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.text())


class Slider(QSlider):
    """A horizontal slider. settled(value): let go, at rest after keys or the wheel, or out of view."""

    settled = Signal(int)

    def __init__(self, name: str, low: int, high: int, value: int, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setRange(low, high)
        self.setValue(value)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setFixedHeight(20)
        self._rest = Rest(self)
        self._rest.over.connect(self._say)
        self.valueChanged.connect(self._rest.moved)
        self.sliderReleased.connect(self.settle)

    def settle(self) -> None:
        """What is being changed counts now."""
        self._rest.settle()

    def _say(self) -> None:
        self.settled.emit(self.value())

    def hideEvent(self, event: QHideEvent) -> None:
        self.settle()
        super().hideEvent(event)
