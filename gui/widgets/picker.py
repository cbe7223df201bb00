"""A list to choose one thing from by typing a part of it. Enter chooses, Esc closes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QRect, QSize, Qt
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from gui.theme import Theme
from gui.widgets.controls import SearchBox, Text

ROW_PX, ROWS = 32, 11  # height of a row, and how many are shown at once
ID, RIGHT, DETAIL, SEARCH = (int(Qt.ItemDataRole.UserRole) + n for n in range(4))


@dataclass(frozen=True)
class Choice:
    """One row. detail: grey, after the words; it is searched, too. right: grey, at the right end. search: not shown, searched."""

    id: str
    words: str
    detail: str = ""
    right: str = ""
    search: str = ""


class Picker(QDialog):
    """Opens over its parent. `column` takes more below the list."""

    def __init__(self, theme: Theme, name: str, placeholder: str, choices: Sequence[Choice], do: Callable[[str], object],
                 width: int, parent: QWidget) -> None:
        """do: called with the id of what was chosen, after closing."""
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.theme, self._do = theme, do
        self.setWindowTitle(name)
        self.setProperty("frame", "popup")
        self.setFixedWidth(width)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(8, 8, 8, 8)
        self.column.setSpacing(6)
        self.field = SearchBox(theme, placeholder)
        self.field.installEventFilter(self)
        self.field.textChanged.connect(self._filter)
        self.list = QListWidget()
        self.list.setProperty("ground", "raised")
        self.list.setAccessibleName(name)
        self.list.setItemDelegate(_Row(theme, self.list))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setUniformItemSizes(True)
        self.list.itemClicked.connect(self._choose)
        self.column.addWidget(self.field)
        self.column.addWidget(self.list)
        self.none = Text(theme, self.tr("Nothing here has these letters."), "small", "text3")
        self.none.setContentsMargins(12, 6, 12, 6)
        self.column.addWidget(self.none)
        for choice in choices:
            item = QListWidgetItem(choice.words)
            item.setData(ID, choice.id)
            item.setData(RIGHT, choice.right)
            item.setData(DETAIL, choice.detail)
            item.setData(SEARCH, choice.search)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{choice.words} {choice.right}")
            self.list.addItem(item)
        self._filter("")
        self.field.setFocus()

    def shown_words(self) -> list[str]:
        """What is listed now."""
        items = (self.list.item(i) for i in range(self.list.count()))
        return [item.text() for item in items if not item.isHidden()]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.field and event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
                QApplication.sendEvent(self.list, event)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._choose(self.list.currentItem())
                return True
        return super().eventFilter(watched, event)

    def _filter(self, text: str) -> None:
        wanted = text.casefold().split()
        first, named, shown = None, False, 0
        for index in range(self.list.count()):
            item = self.list.item(index)
            haystack = f"{item.text()} {item.data(DETAIL)} {item.data(SEARCH)}".casefold()
            here = all(word in haystack for word in wanted)
            item.setHidden(not here)
            shown += here
            best = all(word in item.text().casefold() for word in wanted)  # what is called so goes before what is found so
            if here and (first is None or (best and not named)):
                first, named = item, best
        self.list.setCurrentRow(self.list.row(first) if first is not None else -1)
        self.list.setFixedHeight(ROW_PX * max(1, min(ROWS, shown)))
        self.list.setVisible(bool(shown))
        self.none.setVisible(not shown and bool(wanted))
        self.adjustSize()

    def _choose(self, item: QListWidgetItem | None) -> None:
        if item is not None and not item.isHidden():
            self.accept()
            self._do(item.data(ID))


class _Row(QStyledItemDelegate):
    """Words at the left, the detail after them in grey, what stands at the right."""

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self.theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: object) -> QSize:
        return QSize(100, ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: object) -> None:
        box = QRect(option.rect)  # type: ignore[attr-defined]
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:  # type: ignore[attr-defined]
            painter.fillRect(box, self.theme.colour("selected"))
            painter.fillRect(box.x(), box.y(), 3, box.height(), self.theme.colour("accent"))
        painter.setFont(self.theme.font("body"))
        metrics, middle = painter.fontMetrics(), Qt.AlignmentFlag.AlignVCenter
        right, detail = str(index.data(RIGHT)), str(index.data(DETAIL))  # type: ignore[attr-defined]
        room = box.width() - 24 - (metrics.horizontalAdvance(right) + 12 if right else 0)
        text = metrics.elidedText(str(index.data()), Qt.TextElideMode.ElideRight, room)  # type: ignore[attr-defined]
        painter.setPen(self.theme.colour("text1"))
        painter.drawText(box.adjusted(12, 0, -12, 0), middle | Qt.AlignmentFlag.AlignLeft, text)
        x = metrics.horizontalAdvance(text) + 10
        painter.setPen(self.theme.colour("text3"))
        if x + 40 < room:
            painter.drawText(box.adjusted(12 + x, 0, -12, 0), middle | Qt.AlignmentFlag.AlignLeft,
                             metrics.elidedText(detail, Qt.TextElideMode.ElideRight, room - x))
        painter.drawText(box.adjusted(12, 0, -12, 0), middle | Qt.AlignmentFlag.AlignRight, right)
        painter.restore()
