"""The side list of the Library: all sounds, the folders with what lies below them, and what could not be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from engine.records import Folder
from gui.theme import ROW_TREE_PX, Theme
from gui.widgets.controls import Button, IconButton, Text, paint_row_ground, plain_tip
from gui.words import count

PLACE, COUNT, DEPTH = (int(Qt.ItemDataRole.UserRole) + n for n in range(3))
CARET_PX = 26  # at the left of a row with sub-folders, where a press opens it
LEAST_ROWS = 4  # stay in view where the window is low
TREE_DEPTH = 2  # sub-folders shown below a folder of the library


@dataclass(frozen=True)
class Place:
    """Where the table looks: everywhere (folder None), in a folder, or below `under` in it."""

    folder: Folder | None = None
    under: Path | None = None

    @property
    def folder_id(self) -> int | None:
        return self.folder.id if self.folder else None

    @property
    def path(self) -> Path | None:
        return self.under or (self.folder.path if self.folder else None)


def below(folder: Path, places: Mapping[Path, int]) -> Counter[Path]:
    """How many sounds lie below each sub-folder of folder, TREE_DEPTH levels deep. places: how many stand in each itself."""
    found: Counter[Path] = Counter()
    for place, sounds in places.items():
        try:
            parts = place.relative_to(folder).parts
        except ValueError:
            continue
        for depth in range(1, min(len(parts), TREE_DEPTH) + 1):
            found[folder.joinpath(*parts[:depth])] += sounds
    return found


class FolderList(QWidget):
    """chosen(Place); add, scan and failures: asked for; menu(Place, global position).

    `failed` stands at the foot of the side list; the owner of that places it.
    """

    chosen = Signal(object)
    add = Signal()
    scan = Signal()
    failures = Signal()
    menu = Signal(object, QPoint)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 10, 8, 12)
        column.setSpacing(4)
        head = QHBoxLayout()
        head.setContentsMargins(8, 0, 2, 0)
        head.setSpacing(0)
        head.addWidget(Text(theme, self.tr("Folders"), "caption", "text3", weight=600))
        head.addStretch(1)
        self.scan_button = IconButton(theme, "arrows-clockwise", self.tr("Look through the folders again (F5)"),
                                      size=24)
        self.scan_button.clicked.connect(self.scan)
        plus = IconButton(theme, "plus", self.tr("Add a folder"), size=24)
        plus.clicked.connect(self.add)
        head.addWidget(self.scan_button)
        head.addWidget(plus)
        column.addLayout(head)
        self.none = Text(theme, self.tr("None yet."), "caption", "text3")
        self.none.setContentsMargins(8, 2, 0, 0)
        self.none.hide()  # until it is known
        column.addWidget(self.none)
        self.model = QStandardItemModel(self)
        self.tree = _Tree(theme)
        self.tree.setModel(self.model)
        self.tree.setItemDelegate(_FolderPainter(theme, self.tree))
        self.tree.selectionModel().currentChanged.connect(self._moved)
        self.tree.customContextMenuRequested.connect(self._wants_menu)
        column.addWidget(self.tree)
        self.failed = Button(theme, "", "warning", "ghost", small=True)
        self.failed.clicked.connect(self.failures)
        self.failed.hide()
        self._place = Place()
        self._shape: list[tuple[int, Path, tuple[Path, ...]]] | None = None  # the folders that are listed, with those below

    @property
    def place(self) -> Place:
        return self._place

    def show_folders(self, folders: list[Folder], subfolders: dict[int, Counter[Path]], total: int) -> None:
        """Fill the list; what was open and chosen stays so where it is still there, and so does what has the keys."""
        shape = [(folder.id, folder.path, tuple(sorted(subfolders.get(folder.id, ())))) for folder in folders]
        if shape == self._shape:
            self._recount(folders, subfolders, total)
            return
        self._shape = shape
        scrolled = self.tree.verticalScrollBar().value()
        opened = self._opened()
        wanted = self._place.path
        self.none.setVisible(not folders)
        self.tree.setVisible(bool(folders))
        self.scan_button.setVisible(bool(folders))
        self.tree.selectionModel().blockSignals(True)
        self.model.clear()
        root = self.model.invisibleRootItem()
        everything = _item(self.tr("All sounds"), Place(), count(total), 0)
        root.appendRow(everything)
        chosen = everything
        for folder in folders:
            top = _item(folder.path.name or str(folder.path), Place(folder), self._words_of(folder), 0)
            root.appendRow(top)
            items = {folder.path: top}
            for path, sounds in sorted(subfolders.get(folder.id, Counter()).items()):
                item = _item(path.name, Place(folder, path), count(sounds), len(path.relative_to(folder.path).parts))
                items.get(path.parent, top).appendRow(item)
                items[path] = item
            for path, item in items.items():
                if path in opened:
                    self.tree.setExpanded(item.index(), True)
                if path == wanted:
                    chosen = item
        self.tree.setCurrentIndex(chosen.index())
        self._place = chosen.data(PLACE)
        self.tree.selectionModel().blockSignals(False)
        self.tree.updateGeometry()
        self.tree.verticalScrollBar().setValue(scrolled)
        self.tree.viewport().update()

    def _recount(self, folders: list[Folder], subfolders: dict[int, Counter[Path]], total: int) -> None:
        """The same folders with other numbers."""
        self._retell(self.model.item(0), Place(), count(total))
        for n, folder in enumerate(folders, 1):
            top = self.model.item(n)
            self._retell(top, Place(folder), self._words_of(folder))
            below = [top.child(i) for i in range(top.rowCount())]
            while below:
                item = below.pop()
                path = item.data(PLACE).under
                self._retell(item, Place(folder, path), count(subfolders[folder.id][path]))
                below += [item.child(i) for i in range(item.rowCount())]
        self._place = self.tree.currentIndex().data(PLACE) or Place()

    def _retell(self, item: QStandardItem, place: Place, words: str) -> None:
        item.setData(place, PLACE)
        if item.data(COUNT) != words:
            _count(item, words)

    def _words_of(self, folder: Folder) -> str:
        return count(folder.sounds) if folder.online else self.tr("offline")

    def show_failures(self, number: int) -> None:
        self.failed.setVisible(number > 0)
        self.failed.setText(self.tr("%n could not be read", "", number))

    def words(self) -> list[str]:
        """What is listed, top level, for tests and screen readers."""
        return [self.model.item(i).text() for i in range(self.model.rowCount())]

    def choose(self, text: str) -> None:
        """Choose a row by its word."""
        for item in self.model.findItems(text, Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive):
            self.tree.setCurrentIndex(item.index())
            return

    def go_to(self, path: Path | None) -> bool:
        """Choose a folder that is shown (None: all sounds) without a signal; False where it is not shown."""
        stack = [self.model.item(i) for i in range(self.model.rowCount())]
        while stack:
            item = stack.pop()
            if item.data(PLACE).path == path:
                self.tree.selectionModel().blockSignals(True)
                self.tree.setCurrentIndex(item.index())
                self.tree.selectionModel().blockSignals(False)
                self.tree.viewport().update()
                self._place = item.data(PLACE)
                return True
            stack += [item.child(i) for i in range(item.rowCount())]
        return False

    def _opened(self) -> set[Path]:
        found = set()
        stack = [self.model.item(i) for i in range(self.model.rowCount())]
        while stack:
            item = stack.pop()
            if self.tree.isExpanded(item.index()) and item.data(PLACE).path is not None:
                found.add(item.data(PLACE).path)
            stack += [item.child(i) for i in range(item.rowCount())]
        return found

    def _moved(self, current: Any, _: Any) -> None:
        if current.isValid():
            self._place = current.data(PLACE)
            self.chosen.emit(self._place)

    def _wants_menu(self, position: QPoint) -> None:
        index = self.tree.indexAt(position)
        if index.isValid() and index.data(PLACE).folder is not None:
            self.menu.emit(index.data(PLACE), self.tree.viewport().mapToGlobal(position))


def _item(text: str, place: Place, words: str, depth: int) -> QStandardItem:
    item = QStandardItem(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
    item.setEditable(False)
    item.setData(place, PLACE)
    item.setData(depth, DEPTH)
    _count(item, words)
    if place.path is not None:
        item.setToolTip(plain_tip(str(place.path)))
    return item


def _count(item: QStandardItem, words: str) -> None:
    item.setData(words, COUNT)
    item.setData(f"{item.text()} {words}", int(Qt.ItemDataRole.AccessibleTextRole))


class _Tree(QTreeView):
    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("ground", "window")
        self.setHeaderHidden(True)
        self.setIndentation(0)
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setMouseTracking(True)
        self.setAccessibleName(self.tr("Folders"))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        for moved in (self.expanded, self.collapsed):
            moved.connect(lambda _: self.updateGeometry())
        theme.changed.connect(self.viewport().update)

    def sizeHint(self) -> QSize:
        """As high as its rows; where there is less room they scroll."""
        return QSize(super().sizeHint().width(), ROW_TREE_PX * self._rows(QModelIndex()) + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(100, ROW_TREE_PX * min(self._rows(QModelIndex()), LEAST_ROWS) + 2)

    def _rows(self, parent: QModelIndex) -> int:
        """How many rows are open below parent."""
        model, found = self.model(), 0
        for n in range(model.rowCount(parent)):
            index = model.index(n, 0, parent)
            found += 1 + (self._rows(index) if self.isExpanded(index) else 0)
        return found

    def drawBranches(self, painter: QPainter, rect: QRect, index: Any) -> None:
        """The delegate draws them."""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        left = CARET_PX + 16 * int(index.data(DEPTH) or 0) if index.isValid() else 0
        if index.isValid() and self.model().hasChildren(index) and event.position().x() < left:
            self.setExpanded(index, not self.isExpanded(index))
            return
        super().mousePressEvent(event)


class _FolderPainter(QStyledItemDelegate):
    def __init__(self, theme: Theme, tree: QTreeView) -> None:
        super().__init__(tree)
        self.theme, self.tree = theme, tree

    def sizeHint(self, option: Any, index: Any) -> QSize:
        return QSize(100, ROW_TREE_PX)

    def paint(self, painter: QPainter, option: Any, index: Any) -> None:
        theme, box, place = self.theme, QRect(option.rect), index.data(PLACE)
        depth, words = int(index.data(DEPTH)), str(index.data(COUNT))
        on = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_row_ground(painter, box, theme, on and self.tree.hasFocus(),
                         on or bool(option.state & QStyle.StateFlag.State_MouseOver))
        left, middle = box.x() + 16 * depth, box.center().y()
        if self.tree.model().hasChildren(index):
            caret = "caret-down" if self.tree.isExpanded(index) else "caret-right"
            painter.drawPixmap(left + 8, middle - 5, theme.pixmap(caret, "text3", 12))
        offline = place.folder is not None and not place.folder.online
        open_ = self.tree.isExpanded(index) and self.tree.model().hasChildren(index)
        icon = ("stack" if place.folder is None else "folder-minus" if offline
                else "folder-open" if open_ else "folder")
        painter.drawPixmap(left + 25, middle - 7, theme.pixmap(icon, "text2", 16))
        painter.setFont(theme.font("body"))
        taken = painter.fontMetrics().horizontalAdvance(words) + 18
        painter.setPen(theme.colour("text3"))
        painter.drawText(box.adjusted(0, 0, -8, 0), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, words)
        painter.setFont(theme.font("body", 500 if on else 400))
        painter.setPen(theme.colour("text2" if offline else "text1"))
        room = QRect(left + 46, box.y(), box.right() - taken - left - 46, box.height())
        text = painter.fontMetrics().elidedText(index.data(), Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        painter.restore()
