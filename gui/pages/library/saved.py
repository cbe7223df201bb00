"""Saved searches: a list in the side column, below the folders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QAbstractItemView, QLineEdit, QListView, QMenu, QStyle, QStyledItemDelegate, QVBoxLayout, QWidget

from gui.theme import ROW_TREE_PX, Theme
from gui.widgets.controls import Text, paint_row_ground, plain_tip

NAME = int(Qt.ItemDataRole.UserRole)
Index = QModelIndex | QPersistentModelIndex
SHOWN_ROWS = 6  # more of them scroll


class SavedSearches(QWidget):
    """opened(name), removed(name), renamed(old, new). Hidden while there is none."""

    opened = Signal(str)
    removed = Signal(str)
    renamed = Signal(str, str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 10, 8, 10)
        column.setSpacing(4)
        head = Text(theme, self.tr("Saved searches"), "caption", "text3", weight=600)
        head.setContentsMargins(8, 0, 0, 0)
        column.addWidget(head)
        self.model = QStandardItemModel(self)
        self.list = _List(theme)
        self.list.setModel(self.model)
        self.list.setItemDelegate(_SavedPainter(theme, self.list))
        self.list.chosen.connect(lambda index: self.opened.emit(index.data(NAME)))
        self.list.unwanted.connect(lambda index: self.removed.emit(index.data(NAME)))
        self.list.customContextMenuRequested.connect(self._wants_menu)
        self.model.itemChanged.connect(self._edited)
        column.addWidget(self.list)
        self.show_names([])

    @property
    def names(self) -> list[str]:
        return [self.model.item(n).data(NAME) for n in range(self.model.rowCount())]

    def show_names(self, names: Sequence[str]) -> None:
        self.setVisible(bool(names))
        if list(names) == self.names:
            return
        self.model.clear()
        for name in names:
            item = QStandardItem(name)
            item.setData(name, NAME)
            item.setToolTip(plain_tip(name))
            self.model.appendRow(item)
        self.list.setFixedHeight(ROW_TREE_PX * min(len(names), SHOWN_ROWS) + 2)

    def rename(self, name: str) -> None:
        """Let the user write another name in its place."""
        for item in self.model.findItems(name):
            self.list.setCurrentIndex(item.index())
            self.list.edit(item.index())

    def menu(self, name: str) -> QMenu:
        menu = QMenu(self)
        menu.addAction(self.tr("Search again"), lambda: self.opened.emit(name))
        menu.addAction(self.tr("Rename"), lambda: self.rename(name))
        menu.addSeparator()
        menu.addAction(self.tr("Remove the saved search"), lambda: self.removed.emit(name))
        return menu

    def _wants_menu(self, position: QPoint) -> None:
        index = self.list.indexAt(position)
        if index.isValid():
            menu = self.menu(index.data(NAME))
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(self.list.viewport().mapToGlobal(position))

    def _edited(self, item: QStandardItem) -> None:
        old, new = str(item.data(NAME)), " ".join(item.text().split())
        if new == old:
            return
        self.model.blockSignals(True)
        item.setText(old)  # until the library has taken the new one
        self.model.blockSignals(False)
        self.list.viewport().update()
        if new:
            self.renamed.emit(old, new)


class _List(QListView):
    """chosen(index): pressed, or Enter. unwanted(index): Delete. F2 renames."""

    chosen = Signal(object)
    unwanted = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("ground", "window")
        self.setAccessibleName(self.tr("Saved searches"))
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        theme.changed.connect(self.viewport().update)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        index = self.indexAt(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and index.isValid():
            self.chosen.emit(index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex()
        if index.isValid() and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.chosen.emit(index)
        elif index.isValid() and event.key() == Qt.Key.Key_Delete:
            self.unwanted.emit(index)
        else:
            super().keyPressEvent(event)


class _SavedPainter(QStyledItemDelegate):
    def __init__(self, theme: Theme, view: _List) -> None:
        super().__init__(view)
        self.theme, self.view = theme, view

    def sizeHint(self, option: Any, index: Index) -> QSize:
        return QSize(100, ROW_TREE_PX)

    def createEditor(self, parent: QWidget, option: Any, index: Index) -> QWidget:
        editor = QLineEdit(parent)
        editor.setFont(self.theme.font("body"))
        editor.setProperty("inline", True)
        editor.setAccessibleName(self.tr("Name of the saved search"))
        return editor

    def updateEditorGeometry(self, editor: QWidget, option: Any, index: Index) -> None:
        editor.setGeometry(QRect(option.rect).adjusted(18, 0, -2, 0))

    def paint(self, painter: QPainter, option: Any, index: Index) -> None:
        theme, box = self.theme, QRect(option.rect)
        focused = self.view.hasFocus() and index == self.view.currentIndex()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_row_ground(painter, box, theme, focused, focused or bool(option.state & QStyle.StateFlag.State_MouseOver))
        painter.drawPixmap(box.x() + 25, box.center().y() - 7, theme.pixmap("magnifying-glass", "text2", 16))
        painter.setFont(theme.font("body"))
        painter.setPen(theme.colour("text1"))
        room = box.adjusted(46, 0, -8, 0)
        text = painter.fontMetrics().elidedText(str(index.data()), Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        painter.restore()
