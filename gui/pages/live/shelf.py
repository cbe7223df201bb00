"""The recordings whose timelines are kept, as rows to open or remove."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QPainter
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QMenu, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from engine.records import Timeline
from gui.pages.live.tracks import summary
from gui.theme import ROW_VOICE_PX, Theme
from gui.widgets.controls import Panel, Text
from gui.widgets.timeline import clock

TIMELINE = int(Qt.ItemDataRole.UserRole) + 1


class Shelf(Panel):
    """chosen(Timeline), unwanted(Timeline): its removal was asked for."""

    chosen = Signal(object)
    unwanted = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, "​", "", parent)
        self.title.setText(self.tr("Recordings"))
        self.body.setContentsMargins(1, 10, 1, 1)
        self.header.setContentsMargins(12, 0, 12, 0)
        self.list = QListWidget()
        self.list.setProperty("ground", "panel")
        self.list.setItemDelegate(_Rows(self.list, theme))
        self.list.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setMouseTracking(True)
        self.list.setAccessibleName(self.tr("Recordings"))
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self.menu)
        self.list.currentItemChanged.connect(self._current)
        self.nothing = Text(theme, self.tr("Recordings that you open are listed here."), "small", "text3", wrap=True)
        self.nothing.setContentsMargins(12, 0, 12, 12)
        self.body.addWidget(self.nothing)
        self.body.addWidget(self.list, 1)
        self.set_timelines([], None)

    def set_timelines(self, found: list[Timeline], open_id: int | None) -> None:
        self.list.blockSignals(True)
        top = self.list.verticalScrollBar().value()
        self.list.clear()
        for one in found:
            item = QListWidgetItem(one.path.name)
            item.setData(TIMELINE, one)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{one.path.name}, {line(one)}")
            item.setToolTip(str(one.path))
            self.list.addItem(item)
            if one.id == open_id:
                self.list.setCurrentItem(item)
        self.list.verticalScrollBar().setValue(top)
        self.list.blockSignals(False)
        self.detail.setText(str(len(found)) if found else "")
        self.nothing.setVisible(not found)
        self.list.setVisible(bool(found))

    def names(self) -> list[str]:
        return [self.list.item(row).text() for row in range(self.list.count())]

    def menu(self, at: QPoint) -> QMenu | None:
        item = self.list.itemAt(at)
        if item is None:
            return None
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self.tr("Remove the timeline…"), lambda: self.unwanted.emit(item.data(TIMELINE)))
        menu.popup(self.list.viewport().mapToGlobal(at))
        return menu

    def _current(self, item: QListWidgetItem | None, _: QListWidgetItem | None) -> None:
        if item is not None:
            self.chosen.emit(item.data(TIMELINE))


def line(timeline: Timeline) -> str:
    """The second line of a row."""
    return f"{clock(timeline.duration_s)} · {summary(timeline)}"


class _Rows(QStyledItemDelegate):
    def __init__(self, parent: QListWidget, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(200, ROW_VOICE_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        tokens, timeline = self._theme.tokens, index.data(TIMELINE)
        box = QRectF(option.rect)  # type: ignore[attr-defined]
        state = option.state  # type: ignore[attr-defined]
        painter.save()
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(box, QColor(tokens.selected))
            painter.fillRect(QRectF(box.left(), box.top(), 3, box.height()), QColor(tokens.accent))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(box, QColor(tokens.raised))
        painter.fillRect(QRectF(box.left(), box.top(), box.width(), 1), QColor(tokens.line))
        left, right, middle = box.left() + 12, box.right() - 12, Qt.AlignmentFlag.AlignVCenter
        small = self._theme.font("small")
        made = f"{timeline.made_at.astimezone():%d %b %Y}"
        wide = QFontMetricsF(small).horizontalAdvance(made)
        painter.setFont(small)
        painter.setPen(QColor(tokens.text3))
        painter.drawText(QRectF(right - wide, box.top() + 8, wide, 18), middle, made)
        name = self._theme.font("body")
        painter.setFont(name)
        painter.setPen(QColor(tokens.text1))
        room = right - left - wide - 10
        painter.drawText(QRectF(left, box.top() + 8, room, 18), middle,
                         QFontMetricsF(name).elidedText(timeline.path.name, Qt.TextElideMode.ElideMiddle, room))
        painter.setFont(small)
        painter.setPen(QColor(tokens.text2))
        painter.drawText(QRectF(left, box.top() + 26, right - left, 17), middle,
                         QFontMetricsF(small).elidedText(line(timeline), Qt.TextElideMode.ElideRight, right - left))
        painter.restore()
