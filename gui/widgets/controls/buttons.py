"""Things to press: buttons, icon buttons, segmented choices, chips."""

from __future__ import annotations

from itertools import product
from typing import Literal

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QIcon,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
)
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from gui.theme import CONTROL_PX, CONTROL_SMALL_PX, Theme
from gui.widgets.controls.text import plain_tip

Kind = Literal["plain", "primary", "ghost", "danger", "dashed"]
ICON_ROLE = {"plain": "text2", "primary": "on_accent", "ghost": "text2", "danger": "error", "dashed": "text2"}


class Button(QPushButton):
    """A button with words, an icon before them if wanted. kind primary: one a page.

    Enter presses it while it has the focus, and never from elsewhere: in a dialog Qt would make whichever button is
    reached first the one that Enter presses.
    """

    def __init__(self, theme: Theme, text: str, icon: str = "", kind: Kind = "plain", small: bool = False,
                 large: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.theme, self._icon_name, self.kind = theme, icon, kind
        self.setFont(theme.font("small" if small else "body", 600 if kind == "primary" else 500))
        self.setProperty("kind", kind)
        self.setProperty("small", small)
        self.setProperty("large", large)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAutoDefault(False)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setIconSize(QSize(14, 14) if small else QSize(16, 16))
        theme.changed.connect(self._colour)
        self._colour()

    def set_icon(self, name: str) -> None:
        self._icon_name = name
        self._colour()

    def set_kind(self, kind: Kind) -> None:
        if kind != self.kind:
            self.kind = kind
            self.setProperty("kind", kind)
            self.style().unpolish(self)
            self.style().polish(self)
            self._colour()

    def say(self, text: str, why_disabled: str = "") -> None:
        """New words; with `why_disabled` the button is off and its tooltip says why."""
        self.setText(text)
        self.setEnabled(not why_disabled)
        self.setToolTip(why_disabled)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            self.click()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.kind == "dashed" and self.isEnabled() and not self.hasFocus():
            paint_dashes(self, self.theme.colour("edge"))
        elif not self.isEnabled() and self.kind != "ghost":
            paint_dashes(self, self.theme.colour("line"))

    def _colour(self) -> None:
        if self._icon_name:
            side, gap = self.iconSize().height(), 4  # beside the 4 px of the style
            self.setIconSize(QSize(side + gap, side))
            self.setIcon(_padded(self.theme, self._icon_name, ICON_ROLE[self.kind], side, gap))


def paint_dashes(widget: QWidget, colour: QColor, radius: float = 6, width: float = 1) -> None:
    """A dashed frame around a widget; style sheets draw dots of one pixel instead."""
    painter = QPainter(widget)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pen = QPen(colour, width)
    pen.setDashPattern([3 / width, 3 / width])
    painter.setPen(pen)
    inset = width / 2
    painter.drawRoundedRect(QRectF(widget.rect()).adjusted(inset, inset, -inset, -inset), radius, radius)


def _padded(theme: Theme, name: str, role: str, side: int, gap: int) -> QIcon:
    """The icon with room at its right."""
    icon = QIcon()
    for ratio, mode in product((1, 2), (QIcon.Mode.Normal, QIcon.Mode.Disabled)):
        pixmap = QPixmap((side + gap) * ratio, side * ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        pixmap.setDevicePixelRatio(ratio)
        painter = QPainter(pixmap)
        shown = role if mode == QIcon.Mode.Normal else "text3"
        theme.icon(name, shown, side).paint(painter, 0, 0, side, side)
        painter.end()
        icon.addPixmap(pixmap, mode)
    return icon


class IconButton(Button):
    """A square button with only an icon; `tip` is its tooltip and accessible name."""

    def __init__(self, theme: Theme, icon: str, tip: str, kind: Kind = "ghost", size: int = CONTROL_PX,
                 checkable: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(theme, "", icon, kind, small=size <= CONTROL_SMALL_PX, parent=parent)
        self.setProperty("square", True)
        self.setFixedWidth(size)
        self.setCheckable(checkable)
        self.set_tip(tip)
        self.toggled.connect(lambda _: self._colour())

    def set_tip(self, tip: str) -> None:
        self.setToolTip(tip)
        self.setAccessibleName(tip)

    def sizeHint(self) -> QSize:
        return QSize(self.width(), QPushButton.sizeHint(self).height())

    def _colour(self) -> None:
        role = "accent" if self.isChecked() and self.kind != "primary" else ICON_ROLE[self.kind]
        self.setIcon(_padded(self.theme, self._icon_name, role, self.iconSize().width(), 0))


class Segmented(QWidget):
    """One of a few, side by side; the chosen one is washed and underlined. Left and right move it. chosen(key)."""

    own_keys = frozenset({Qt.Key.Key_Left, Qt.Key.Key_Right})
    chosen = Signal(str)

    def __init__(self, theme: Theme, choices: list[tuple[str, str]], value: str = "", small: bool = False,
                 name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme, self._choices = theme, choices
        self._value = value or choices[0][0]
        self._pad = 10 if small else 13
        self._hover = -1
        self.setFont(theme.font("small" if small else "body", 400))
        self.setFixedHeight(CONTROL_SMALL_PX if small else CONTROL_PX)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMouseTracking(True)
        self._name = name
        self._announce()
        theme.changed.connect(self.update)

    @property
    def value(self) -> str:
        return self._value

    def set_value(self, value: str) -> None:
        """Show it as chosen, without a signal."""
        self._value = value
        self._announce()
        self.update()

    def choose(self, value: str) -> None:
        """As if it had been pressed."""
        if value != self._value:
            self.set_value(value)
            self.chosen.emit(value)

    def sizeHint(self) -> QSize:
        return QSize(sum(self._widths()), self.height())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self._at(event.position().x())
        if index >= 0:
            self.choose(self._choices[index][0])

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover = self._at(event.position().x())
        self.update()

    def leaveEvent(self, event: object) -> None:
        self._hover = -1
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if not step:
            super().keyPressEvent(event)
            return
        keys = [key for key, _ in self._choices]
        self.choose(keys[max(0, min(len(keys) - 1, keys.index(self._value) + step))])

    def paintEvent(self, event: QPaintEvent) -> None:
        t = self.theme.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        outline = QPainterPath()
        outline.addRoundedRect(box, 6, 6)
        painter.fillPath(outline, QColor(t.field))
        painter.setClipPath(outline)
        x = 0.0
        for index, ((key, text), width) in enumerate(zip(self._choices, self._widths(), strict=True)):
            cell = QRectF(x, 0, width, self.height())
            on = key == self._value
            if on:
                painter.fillRect(cell, QColor(t.accent_wash))
                painter.fillRect(QRectF(x, self.height() - 3, width, 2), QColor(t.accent))
            elif index == self._hover:
                painter.fillRect(cell, QColor(t.raised))
            if index:
                painter.fillRect(QRectF(x - 0.5, 1, 1, self.height() - 2), QColor(t.line))
            font = self.font()
            font.setWeight(font.Weight.DemiBold if on else font.Weight.Normal)
            painter.setFont(font)
            painter.setPen(QColor(t.text1 if on else t.text2))
            painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, text)
            x += width
        painter.setClipping(False)
        painter.setPen(QPen(QColor(t.accent if self.hasFocus() else t.edge), 2 if self.hasFocus() else 1))
        painter.drawPath(outline)

    def _widths(self) -> list[int]:
        font = self.font()
        font.setWeight(font.Weight.DemiBold)
        metrics = QFontMetrics(font)
        return [metrics.horizontalAdvance(text) + 2 * self._pad for _, text in self._choices]

    def _at(self, x: float) -> int:
        right = 0
        for index, width in enumerate(self._widths()):
            right += width
            if x < right:
                return index
        return -1

    def _announce(self) -> None:
        shown = dict(self._choices).get(self._value, "")
        self.setAccessibleName(f"{self._name}: {shown}" if self._name else shown)


class Chip(QWidget):
    """A rounded word: grey key, white value, × to remove it. outline: a suggestion to press. dashed: adds something.

    clicked: pressed outside the ×.    removed: the × or Delete.
    """

    own_keys = frozenset({Qt.Key.Key_Space})
    clicked = Signal()
    removed = Signal()

    def __init__(self, theme: Theme, value: str, key: str = "", icon: str = "", removable: bool = False,
                 outline: bool = False, dashed: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme, self.value, self.key, self._icon = theme, value, key, icon
        self._removable, self._outline, self._dashed, self._hover = removable, outline or dashed, dashed, False
        self.setFont(theme.font("small", 400 if self._outline else 500))
        self.setFixedHeight(CONTROL_SMALL_PX)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(f"{key} {value}".strip())
        if removable:
            self.setToolTip(plain_tip(self.tr("Remove {}").format(f"{key} {value}".strip())))
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        width = 22 + self._key_width() + self.fontMetrics().horizontalAdvance(self.value)
        return QSize(width + (20 if self._icon else 0) + (16 if self._removable else 0), self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        t = self.theme.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        pen = QPen(QColor(t.edge if self._hover or self._dashed else t.line), 1)
        if self._dashed:
            pen.setDashPattern([3, 3])
        painter.setPen(QPen(QColor(t.accent), 2) if self.hasFocus() else pen)
        painter.setBrush(QColor(t.raised) if not self._outline or self._hover else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box, 12, 12)
        x = 11
        if self._icon:
            painter.drawPixmap(x, 5, self.theme.pixmap(self._icon, "text3", 14))
            x += 20
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        if self.key:
            painter.setFont(self.theme.font("small"))
            painter.setPen(QColor(t.text2))
            painter.drawText(QRectF(x, 0, self.width(), self.height()), middle, self.key)
            x += self._key_width()
        painter.setFont(self.font())
        painter.setPen(QColor(t.text2 if self._outline else t.text1))
        painter.drawText(QRectF(x, 0, self.width(), self.height()), middle, self.value)
        if self._removable:
            painter.drawPixmap(self.width() - 22, 6, self.theme.pixmap("x", "text3", 12))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if not self.rect().contains(event.position().toPoint()):
            return
        if self._removable and event.position().x() > self.width() - 26:
            self.removed.emit()
        else:
            self.clicked.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit()
        elif self._removable and event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removed.emit()
        else:
            super().keyPressEvent(event)

    def enterEvent(self, event: object) -> None:
        self._hover = True
        self.update()

    def leaveEvent(self, event: object) -> None:
        self._hover = False
        self.update()

    def _key_width(self) -> int:
        return self.fontMetrics().horizontalAdvance(self.key) + 8 if self.key else 0
