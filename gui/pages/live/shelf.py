"""The recordings whose timelines are kept, and those of the microphone that have none yet, as rows to open or remove."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QPainter
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QMenu, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from engine.records import Timeline
from gui.pages.live.tracks import summary
from gui.theme import ROW_VOICE_PX, Theme
from gui.widgets.controls import Panel, Text, plain_tip
from gui.widgets.timeline import clock

RECORDING = int(Qt.ItemDataRole.UserRole) + 1  # a Timeline, or the path of a file that has none
LINE = RECORDING + 1  # the second line of its row
MADE = LINE + 1  # the date on the right


class Shelf(Panel):
    """chosen(Timeline): its row is the current one. wanted(Path): a recording without a timeline was pressed, or Enter on it;
    arrow keys only pass it, as hearing it takes its time. unwanted(Timeline): its removal was asked for.
    """

    chosen = Signal(object)
    wanted = Signal(object)
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
        self.list.itemClicked.connect(self._activated)
        self.list.itemActivated.connect(self._activated)
        self.nothing = Text(theme, self.tr("What you record here and what you open is listed here."), "small", "text3", wrap=True)
        self.nothing.setContentsMargins(12, 0, 12, 12)
        self.body.addWidget(self.nothing)
        self.body.addWidget(self.list, 1)
        self.body.addStretch(0)  # takes the room where there are no rows
        self._open_id: int | None = None  # of the row that was made the current one last
        self.set_recordings([], None)

    def set_recordings(self, found: list[Timeline], open_id: int | None, gone: Collection[int] = (),
                       unheard: Sequence[tuple[Path, datetime]] = ()) -> None:
        """gone: ids of those whose file is not where it was. unheard: recordings without a timeline, and when they were made.

        The current row is that of the open recording; one without a timeline stays it until another recording is opened.
        """
        lost = self.tr("file gone") + " · "
        rows: list[tuple[Timeline | Path, Path, datetime, str]] = [
            (one, one.path, one.made_at, (lost if one.id in gone else "") + line(one)) for one in found]
        rows += [(path, path, made, self.tr("not heard yet")) for path, made in unheard]
        before = self.list.currentItem()
        left = before.data(RECORDING) if before is not None else None
        opened, stayed = None, None
        self.list.blockSignals(True)
        top = self.list.verticalScrollBar().value()
        self.list.clear()
        for what, path, made, words in sorted(rows, key=lambda row: row[2], reverse=True):
            item = QListWidgetItem(path.name)
            item.setData(RECORDING, what)
            item.setData(LINE, words)
            item.setData(MADE, f"{made.astimezone():%d %b %Y}")
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{path.name}, {words}")
            item.setToolTip(plain_tip(str(path)))
            self.list.addItem(item)
            if not isinstance(what, Timeline):
                stayed = item if what == left else stayed
            elif what.id == open_id:
                opened = item
        if opened is not None and (stayed is None or open_id != self._open_id):
            self.list.setCurrentItem(opened)
            self._open_id = open_id
        elif stayed is not None:
            self.list.setCurrentItem(stayed)
        self.list.verticalScrollBar().setValue(top)
        self.list.blockSignals(False)
        self.detail.setText(str(len(rows)) if rows else "")
        self.nothing.setVisible(not rows)
        self.list.setVisible(bool(rows))

    def names(self) -> list[str]:
        return [self.list.item(row).text() for row in range(self.list.count())]

    def menu(self, at: QPoint) -> QMenu | None:
        item = self.list.itemAt(at)
        if item is None or not isinstance(item.data(RECORDING), Timeline):
            return None
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self.tr("Remove the timeline…"), lambda: self.unwanted.emit(item.data(RECORDING)))
        menu.popup(self.list.viewport().mapToGlobal(at))
        return menu

    def _current(self, item: QListWidgetItem | None, _: QListWidgetItem | None) -> None:
        what = None if item is None else item.data(RECORDING)
        if isinstance(what, Timeline):
            self.chosen.emit(what)

    def _activated(self, item: QListWidgetItem) -> None:
        what = item.data(RECORDING)
        if not isinstance(what, Timeline):
            self.wanted.emit(what)


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
        tokens = self._theme.tokens
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
        made = index.data(MADE)
        wide = QFontMetricsF(small).horizontalAdvance(made)
        painter.setFont(small)
        painter.setPen(QColor(tokens.text3))
        painter.drawText(QRectF(right - wide, box.top() + 8, wide, 18), middle, made)
        name = self._theme.font("body")
        painter.setFont(name)
        painter.setPen(QColor(tokens.text1))
        room = right - left - wide - 10
        painter.drawText(QRectF(left, box.top() + 8, room, 18), middle, QFontMetricsF(name).elidedText(
            index.data(Qt.ItemDataRole.DisplayRole), Qt.TextElideMode.ElideMiddle, room))
        painter.setFont(small)
        painter.setPen(QColor(tokens.text2))
        painter.drawText(QRectF(left, box.top() + 26, right - left, 17), middle,
                         QFontMetricsF(small).elidedText(index.data(LINE), Qt.TextElideMode.ElideRight, right - left))
        painter.restore()
