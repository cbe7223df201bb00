"""The command palette: every action of the table, found by typing a few letters of it."""

from __future__ import annotations

from collections.abc import Callable

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

from gui.actions import TABLE, Actions, key_text, words
from gui.theme import Theme
from gui.widgets.controls import SearchBox

ROW_PX, ROWS = 32, 11  # height of a row, and how many are shown at once
ID, KEYS, PAGE = (int(Qt.ItemDataRole.UserRole) + n for n in range(3))


class CommandPalette(QDialog):
    """Opens over the window; Enter does the chosen action, Esc closes."""

    def __init__(self, theme: Theme, actions: Actions, page_words: dict[str, str], do: Callable[[str], object],
                 parent: QWidget) -> None:
        """page_words: what pages are called. do: called with the id of the chosen action after closing."""
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.theme, self._do = theme, do
        self.setWindowTitle(self.tr("Commands"))
        self.setProperty("frame", "popup")
        self.setFixedWidth(min(560, parent.width() - 40))
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(6)
        self.field = SearchBox(theme, self.tr("What do you want to do?"))
        self.field.installEventFilter(self)
        self.field.textChanged.connect(self._filter)
        self.list = QListWidget()
        self.list.setProperty("ground", "raised")
        self.list.setAccessibleName(self.tr("Commands"))
        self.list.setItemDelegate(_Row(theme, self.list))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.itemClicked.connect(self._choose)
        column.addWidget(self.field)
        column.addWidget(self.list)
        for entry in TABLE:
            if entry.id == "commands":
                continue
            item = QListWidgetItem(words(entry.id))
            item.setData(ID, entry.id)
            item.setData(KEYS, key_text(entry.id))
            item.setData(PAGE, page_words.get(entry.page, ""))
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{words(entry.id)} {key_text(entry.id)}")
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
        first = None
        for index in range(self.list.count()):
            item = self.list.item(index)
            haystack = f"{item.text()} {item.data(PAGE)}".casefold()
            item.setHidden(not all(word in haystack for word in wanted))
            if first is None and not item.isHidden():
                first = item
        self.list.setCurrentRow(self.list.row(first) if first is not None else -1)
        self.list.setFixedHeight(ROW_PX * max(1, min(ROWS, len(self.shown_words()))))
        self.adjustSize()

    def _choose(self, item: QListWidgetItem | None) -> None:
        if item is not None and not item.isHidden():
            self.accept()
            self._do(item.data(ID))


class _Row(QStyledItemDelegate):
    """Words at the left, the page in grey, keys at the right."""

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
        painter.setPen(self.theme.colour("text1"))
        text = str(index.data())  # type: ignore[attr-defined]
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(box.adjusted(12, 0, -12, 0), middle | Qt.AlignmentFlag.AlignLeft, text)
        x = painter.fontMetrics().horizontalAdvance(text) + 22
        painter.setPen(self.theme.colour("text3"))
        painter.drawText(box.adjusted(x, 0, -12, 0), middle | Qt.AlignmentFlag.AlignLeft,
                         str(index.data(PAGE)))  # type: ignore[attr-defined]
        painter.drawText(box.adjusted(12, 0, -12, 0), middle | Qt.AlignmentFlag.AlignRight,
                         str(index.data(KEYS)))  # type: ignore[attr-defined]
        painter.restore()
