"""The rail: the mark on top, one tile a page, Settings at the bottom."""

from __future__ import annotations

from importlib import resources

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QVBoxLayout, QWidget

from gui.theme import DARK, RAIL_NARROW_PX, RAIL_PX, Theme

TILE_PX, TILE_NARROW_PX, MARK_PX = 56, 44, 28


class Rail(QWidget):
    """chosen(page id): a tile was pressed."""

    chosen = Signal(str)

    def __init__(self, theme: Theme, entries: list[tuple[str, str, str]], parent: QWidget | None = None) -> None:
        """entries: (page id, word, icon); the last one stands at the bottom."""
        super().__init__(parent)
        self.theme = theme
        self.setProperty("surface", "rail")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.tiles: dict[str, Tile] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 8)
        column.setSpacing(4)
        self._mark = Mark(theme)
        column.addWidget(self._mark)
        for index, (page, word, icon) in enumerate(entries):
            if index == len(entries) - 1:
                column.addStretch(1)
            tile = Tile(theme, word, icon)
            tile.pressed.connect(lambda page=page: self.chosen.emit(page))
            self.tiles[page] = tile
            column.addWidget(tile)
        self.set_narrow(False)

    def set_current(self, page: str) -> None:
        for name, tile in self.tiles.items():
            tile.set_on(name == page)

    def set_narrow(self, narrow: bool) -> None:
        """Without words; they become tooltips."""
        self.setFixedWidth(RAIL_NARROW_PX if narrow else RAIL_PX)
        for tile in self.tiles.values():
            tile.set_narrow(narrow)

    def set_dot(self, page: str, on: bool) -> None:
        """The red dot: the microphone is open."""
        self.tiles[page].set_dot(on)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.theme.colour("rail"))
        painter.fillRect(self.width() - 1, 0, 1, self.height(), self.theme.colour("line"))


class Mark(QWidget):
    """The program's mark: an ear and the × of a query."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.setFixedHeight(52)
        self.setAccessibleName("Earmark")
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_mark(painter, QRectF((self.width() - 1 - MARK_PX) / 2, 14, MARK_PX, MARK_PX), self.theme)


def paint_mark(painter: QPainter, box: QRectF, theme: Theme) -> None:
    """Draw the mark in the colours of the theme."""
    source = resources.files("resources").joinpath("icons", "earmark.svg").read_text("utf-8")
    source = source.replace(DARK.text1, theme.tokens.text1).replace(DARK.accent, theme.tokens.accent)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    QSvgRenderer(QByteArray(source.encode())).render(painter, box)


class Tile(QWidget):
    """Icon and word; the chosen one is raised, its icon filled, with an edge in the accent."""

    own_keys = frozenset({Qt.Key.Key_Space})
    pressed = Signal()

    def __init__(self, theme: Theme, word: str, icon: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme, self.word, self.icon_name = theme, word, icon
        self.on = self.dot = self._narrow = self._hover = False
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(word)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        theme.changed.connect(self.update)

    def set_on(self, on: bool) -> None:
        self.on = on
        self.update()

    def set_dot(self, on: bool) -> None:
        self.dot = on
        self.setAccessibleDescription(self.tr("The microphone is open") if on else "")
        self.update()

    def set_narrow(self, narrow: bool) -> None:
        self._narrow = narrow
        self.setFixedHeight(TILE_NARROW_PX if narrow else TILE_PX)
        self.setToolTip(self.word if narrow else "")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(RAIL_PX, TILE_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width = self.width() - 1  # the rail's line
        side = 6
        ground = QRectF(side, 0, width - 2 * side + 1, self.height())
        painter.setPen(QPen(self.theme.colour("accent"), 2) if self.hasFocus() else Qt.PenStyle.NoPen)
        if self.on or self._hover or self.hasFocus():
            painter.setBrush(self.theme.colour("raised") if self.on or self._hover else Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(ground.adjusted(1, 1, -1, -1) if self.hasFocus() else ground, 8, 8)
        painter.setPen(Qt.PenStyle.NoPen)
        if self.on:
            painter.setBrush(self.theme.colour("accent"))
            painter.drawRoundedRect(QRectF(-3, 12, 6, self.height() - 24), 2, 2)
        role = "text1" if self.on else "text2"
        top = (self.height() - 20) / 2 if self._narrow else 9
        name = f"{self.icon_name}-fill" if self.on else self.icon_name
        painter.drawPixmap(round((width - 20) / 2), round(top), self.theme.pixmap(name, role, 20))
        if not self._narrow:
            painter.setFont(self.theme.font("caption", 500))
            painter.setPen(self.theme.colour(role))
            painter.drawText(QRectF(0, 32, width, 16), Qt.AlignmentFlag.AlignCenter, self.word)
        if self.dot:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self.theme.colour("error"))
            painter.drawEllipse(QRectF(width / 2 + 12.5, max(4.0, top - 1), 8, 8))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.pressed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.pressed.emit()
        else:
            super().keyPressEvent(event)

    def enterEvent(self, event: object) -> None:
        self._hover = True
        self.update()

    def leaveEvent(self, event: object) -> None:
        self._hover = False
        self.update()
