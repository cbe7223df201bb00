"""The table itself: what is chosen in it, what plays, and the keys that it leaves to the page."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QItemSelectionModel, QPoint, Qt, Signal
from PySide6.QtGui import QDrag, QFocusEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from gui.theme import ROW_TABLE_PX, Theme
from gui.widgets.drag_label import drag_label
from gui.widgets.result_table.model import (
    LENGTH,
    NAME,
    NUMBER,
    RATE,
    SIMILARITY,
    SPAN,
    TAGS,
    WAVE,
    ResultModel,
    Row,
    shown_name,
)
from gui.widgets.result_table.painter import RowPainter
from gui.words import count

FIXED_PX = {NUMBER: 40, SIMILARITY: 122, SPAN: 136, LENGTH: 62, TAGS: 206, RATE: 96}
COMPACT_PX = {NUMBER: 40, SIMILARITY: 112, SPAN: 128, LENGTH: 58, TAGS: 152, RATE: 82}
ROOMY_PX = 1120  # below this width of the table the fixed columns shrink
NARROW_PX = 900  # below this width of the table tags and rate are left out


class ResultTable(QTableView):
    """picked(row): a row was pressed or reached with the keys, to be heard. reached(row): it was only selected.

    menu(row, global position): a context menu is wanted. held_id: the sound that the player holds, which is the one that is
    marked; chosen rows may be others. stale: the rows answer another question than the one that stands above them, so none of
    them is played.
    """

    left_keys = frozenset({Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Right})  # they play, and stop
    picked = Signal(int)
    reached = Signal(int)
    menu = Signal(int, QPoint)

    def __init__(self, theme: Theme, model: ResultModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme, self.rows = theme, model
        self.held_id: int | None = None
        self.position_s: float | None = None  # of the sound that the player holds, while it plays
        self.stale = self.pale = False
        self.setModel(model)
        self.setItemDelegate(RowPainter(theme, self))
        self.setAccessibleName(self.tr("Sounds"))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setDragEnabled(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_TABLE_PX)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = self.horizontalHeader()
        header.setFixedHeight(28)
        header.setFont(theme.font("caption", 500))
        header.setSectionsClickable(False)
        header.setHighlightSections(False)
        header.setTextElideMode(Qt.TextElideMode.ElideRight)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setMinimumSectionSize(20)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._wants_menu)
        self.viewport().setAccessibleName(self.tr("Sounds"))
        theme.changed.connect(self.viewport().update)
        model.modelReset.connect(self.lay_out)
        self.selectionModel().currentRowChanged.connect(lambda *_: self._reach())
        self.selectionModel().selectionChanged.connect(lambda *_: self._reach())

    def current_row(self) -> int:
        """The row that is chosen, −1 for none. (The Tab key makes a row current that nobody chose.)"""
        index = self.currentIndex()
        return index.row() if index.isValid() and self.selectionModel().isSelected(index) else -1

    def pick(self, number: int) -> None:
        """Select a row and say so."""
        if 0 <= number < self.rows.rowCount() and not self.stale:
            self.choose(number)
            self.scrollTo(self.rows.index(number, NAME))
            self.picked.emit(number)

    def choose(self, number: int) -> None:
        """Choose this row alone, whatever keys are held: with Ctrl, `selectRow` would take a row away."""
        self.selectionModel().setCurrentIndex(self.rows.index(number, NAME), QItemSelectionModel.SelectionFlag.ClearAndSelect
                                              | QItemSelectionModel.SelectionFlag.Rows)

    def step(self, by: int) -> None:
        """The next (+1) or previous (−1) row; the first where none is selected."""
        here = self.current_row()
        self.pick(0 if here < 0 else max(0, min(self.rows.rowCount() - 1, here + by)))

    def selected_rows(self) -> list[int]:
        return sorted({index.row() for index in self.selectionModel().selectedRows()})

    @property
    def held_row(self) -> int:
        """The row of the sound that the player holds, −1 where it is not among the rows."""
        return self.rows.number(self.held_id)

    def show_held(self, sound_id: int | None, position_s: float | None) -> None:
        """The sound that the player holds, and how far it is while it plays."""
        for row in {self.held_row, self.rows.number(sound_id)}:
            if row >= 0:
                self.viewport().update(0, self.rowViewportPosition(row), self.viewport().width(), ROW_TABLE_PX)
        self.held_id, self.position_s = sound_id, position_s

    def set_stale(self, stale: bool) -> None:
        """Whether the rows answer another question than the one that is asked."""
        self.stale = stale
        if not stale:
            self.set_pale(False)

    def set_pale(self, pale: bool) -> None:
        """Draw the rows as those of before."""
        if pale != self.pale:
            self.pale = pale
            self.viewport().update()

    def update_rows(self, rows: Sequence[Row], total: int) -> None:
        """The same answer as it is now; what is chosen stays so, and what stands at the top stays there."""
        bar = self.verticalScrollBar()
        top = self.rows.row(self.rowAt(0))
        below_px = bar.value() - self.rowAt(0) * ROW_TABLE_PX
        self.rows.update(rows, total)
        if bar.value() > 0 and top is not None and (now := self.rows.number(top.sound.id)) >= 0:
            self.updateGeometries()  # the bar knows how many rows there are only then
            bar.setValue(now * ROW_TABLE_PX + below_px)

    def keyboardSearch(self, search: str) -> None:
        """Letters do what the keys of the page say; they look for no name."""

    def lay_out(self) -> None:
        """Give the room that is there to the columns."""
        room = self.viewport().width()
        narrow = room < NARROW_PX
        hidden = {TAGS, RATE} if narrow else set()
        if not self.rows.ranked:
            hidden |= {SIMILARITY, SPAN}
        widths = dict(FIXED_PX if room >= ROOMY_PX else COMPACT_PX)
        flexible = max(240, room - sum(width for column, width in widths.items() if column not in hidden))
        widths[NAME] = min(420, round(flexible * (0.47 if room >= ROOMY_PX else 0.52)))
        widths[WAVE] = flexible - widths[NAME]
        for column in range(8):
            self.setColumnHidden(column, column in hidden)
            self.setColumnWidth(column, widths[column])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.lay_out()

    def startDrag(self, supported: Qt.DropAction) -> None:
        """Drag the selected rows under a small label, not under a picture of the rows that hides where they fall."""
        numbers = self.selected_rows()
        if not numbers:
            return
        first = self.rows.row(numbers[0])
        words = shown_name(first.sound) if len(numbers) == 1 and first is not None else self.tr("{} sounds").format(
            count(len(numbers)))
        drag = QDrag(self)
        drag.setMimeData(self.rows.mimeData([self.rows.index(number, NAME) for number in numbers]))
        drag.setPixmap(drag_label(self.theme, words, self.devicePixelRatioF()))
        drag.setHotSpot(QPoint(-12, -8))
        drag.exec(supported)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        index = self.indexAt(event.position().toPoint())
        plain = not event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
        if event.button() == Qt.MouseButton.LeftButton and index.isValid() and plain and not self.stale:
            self.picked.emit(index.row())

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.hasFocus() and self.current_row() < 0:  # a chosen row shows well enough where the keys go
            painter = QPainter(self.viewport())
            painter.setPen(QPen(self.theme.colour("accent"), 2))
            painter.drawRect(self.viewport().rect().adjusted(1, 1, -1, -1))

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()

    def _reach(self) -> None:
        if (row := self.current_row()) >= 0:
            self.reached.emit(row)

    def _wants_menu(self, position: QPoint) -> None:
        index = self.indexAt(position)
        if index.isValid():
            self.menu.emit(index.row(), self.viewport().mapToGlobal(position))
