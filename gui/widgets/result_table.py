"""The table of sounds: name, waveform with the matched span, similarity, span, length, tags, rate. Rows are painted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRectF,
    QSize,
    Qt,
    QUrl,
    Signal,
)
from PySide6.QtGui import QColor, QDrag, QFocusEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QStyle, QStyledItemDelegate, QTableView, QWidget

from engine.records import Label, Sound, Span
from gui.theme import ROW_TABLE_PX, Theme
from gui.widgets.controls import paint_bar
from gui.widgets.drag_label import drag_label
from gui.widgets.strip import paint_strip
from gui.words import clock, count, length, rate_hz, similarity

NUMBER, NAME, WAVE, SIMILARITY, SPAN, LENGTH, TAGS, RATE = range(8)
RIGHT = {NUMBER, SIMILARITY, SPAN, LENGTH}
FIXED_PX = {NUMBER: 40, SIMILARITY: 122, SPAN: 136, LENGTH: 62, TAGS: 206, RATE: 96}
COMPACT_PX = {NUMBER: 40, SIMILARITY: 112, SPAN: 128, LENGTH: 58, TAGS: 152, RATE: 82}
ROOMY_PX = 1120  # below this width of the table the fixed columns shrink
BAR_PX = 44  # of a similarity; beside it 42 px hold −0.07
NARROW_PX = 900  # below this width of the table tags and rate are left out
ROW = int(Qt.ItemDataRole.UserRole)
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Row:
    """A sound; with a query also how near it is, and which span of it. labels: of the lists the library is tagged with."""

    sound: Sound
    similarity: float | None = None
    span: Span | None = None
    labels: tuple[Label, ...] = ()

    def tag_names(self) -> list[tuple[str, bool]]:
        """What it is tagged with (True), then what is heard in it (False), each name once."""
        found: dict[str, tuple[str, bool]] = {}
        for name, chosen in [(one.name, True) for one in self.labels] + [(tag.name, False) for tag in self.sound.tags]:
            found.setdefault(name.casefold(), (name, chosen))
        return list(found.values())


class ResultModel(QAbstractTableModel):
    """Rows that are there, of `total`. more_wanted(): the view came near the end of what is there."""

    more_wanted = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: list[Row] = []
        self.total = 0
        self.ranked = False
        self._asked = False

    def show(self, rows: Sequence[Row], total: int, ranked: bool) -> None:
        """Replace everything. ranked: rows carry similarities."""
        self.beginResetModel()
        self.rows, self.total, self.ranked, self._asked = list(rows), total, ranked, False
        self.endResetModel()

    def append(self, rows: Sequence[Row]) -> None:
        """More rows arrived; none means that there are no more."""
        self._asked = False
        if not rows:
            self.total = len(self.rows)
            return
        self.beginInsertRows(QModelIndex(), len(self.rows), len(self.rows) + len(rows) - 1)
        self.rows.extend(rows)
        self.endInsertRows()

    def row(self, number: int) -> Row | None:
        return self.rows[number] if 0 <= number < len(self.rows) else None

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 Qt's own signature
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 8

    def canFetchMore(self, parent: Index) -> bool:
        return not parent.isValid() and not self._asked and len(self.rows) < self.total

    def fetchMore(self, parent: Index) -> None:
        self._asked = True
        self.more_wanted.emit()

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if section in RIGHT else Qt.AlignmentFlag.AlignLeft
            return int(side | Qt.AlignmentFlag.AlignVCenter)
        if role == Qt.ItemDataRole.DisplayRole:
            wave = self.tr("Waveform, matched span marked") if self.ranked else self.tr("Waveform")
            return ("", self.tr("Name"), wave, self.tr("Similarity ↓"), self.tr("Matched span"), self.tr("Length"),
                    self.tr("Tags"), self.tr("Rate · ch"))[section]
        return None

    def data(self, index: Index, role: int = 0) -> Any:
        row = self.row(index.row())
        if row is None:
            return None
        if role == ROW:
            return row
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._text(row, index)
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == NAME:
            return str(row.sound.path)
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == TAGS:
            tagged = [self.tr("{list}: {label} {similarity}").format(
                list=one.list_name, label=one.name, similarity=similarity(one.similarity)) for one in row.labels]
            heard = ", ".join(f"{tag.name} {tag.probability:.2f}" for tag in row.sound.tags)
            return "\n".join([*tagged, *([self.tr("heard: {}").format(heard)] if heard else [])])
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        return super().flags(index) | Qt.ItemFlag.ItemIsDragEnabled

    def mimeData(self, indexes: Any) -> QMimeData:
        """The original files of the dragged rows."""
        data = QMimeData()
        numbers = sorted({index.row() for index in indexes})
        data.setUrls([QUrl.fromLocalFile(str(self.rows[n].sound.path)) for n in numbers])
        return data

    def mimeTypes(self) -> list[str]:
        return ["text/uri-list"]

    def _text(self, row: Row, index: Index) -> str:
        sound = row.sound
        span = f"{clock(row.span.start_s)} – {clock(row.span.end_s)}" if row.span else "–"
        near = "–" if row.similarity is None else similarity(row.similarity)
        return (str(index.row() + 1), shown_name(sound), "", near,
                span, length(sound.duration_s), ", ".join(name for name, _ in row.tag_names()),
                f"{rate_hz(sound.rate_hz)} · {sound.channels}")[index.column()]


def shown_name(sound: Sound) -> str:
    """The file's name for people; bytes that are no text become �."""
    return sound.path.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


class ResultTable(QTableView):
    """picked(row): a row was pressed or reached with the keys, to be heard. reached(row): it was only selected.

    menu(row, global position): a context menu is wanted.
    """

    picked = Signal(int)
    reached = Signal(int)
    menu = Signal(int, QPoint)

    def __init__(self, theme: Theme, model: ResultModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme, self.rows = theme, model
        self.playing_row = -1
        self.position_s: float | None = None
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
        if 0 <= number < self.rows.rowCount():
            self.selectRow(number)
            self.scrollTo(self.rows.index(number, NAME))
            self.picked.emit(number)

    def step(self, by: int) -> None:
        """The next (+1) or previous (−1) row; the first where none is selected."""
        here = self.current_row()
        self.pick(0 if here < 0 else max(0, min(self.rows.rowCount() - 1, here + by)))

    def selected_rows(self) -> list[int]:
        return sorted({index.row() for index in self.selectionModel().selectedRows()})

    def show_playing(self, number: int, position_s: float | None) -> None:
        """Where the playhead is; −1 for nowhere."""
        for row in {number, self.playing_row}:
            if row >= 0:
                self.viewport().update(0, self.rowViewportPosition(row), self.viewport().width(), ROW_TABLE_PX)
        self.playing_row, self.position_s = number, position_s

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
        if event.button() == Qt.MouseButton.LeftButton and index.isValid() and plain:
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


class RowPainter(QStyledItemDelegate):
    """Paints one cell."""

    def __init__(self, theme: Theme, table: ResultTable) -> None:
        super().__init__(table)
        self.theme, self.table = theme, table

    def sizeHint(self, option: Any, index: Index) -> QSize:
        return QSize(40, ROW_TABLE_PX)

    def paint(self, painter: QPainter, option: Any, index: Index) -> None:
        row: Row | None = index.data(ROW)
        if row is None:
            return
        t = self.theme.tokens
        box = QRectF(option.rect)
        on = bool(option.state & QStyle.StateFlag.State_Selected)
        current = index.row() == self.table.current_row() and on
        painter.save()
        painter.fillRect(box, QColor(t.selected if on else t.field))
        painter.fillRect(QRectF(box.x(), box.bottom() - 1, box.width(), 1), QColor(t.grid))
        column = index.column()
        inner = box.adjusted(6, 0, -6, -1)
        if column == NUMBER:
            self._number(painter, box, index.row(), on, current)
        elif column == WAVE:
            self._wave(painter, box, row, index.row(), current)
        elif column == SIMILARITY:
            self._similarity(painter, inner, row)
        elif column == TAGS:
            self._tags(painter, inner, row)
        else:
            bright = column == NAME or (column == SPAN and row.span is not None)
            painter.setFont(self.theme.font("body", 500 if column == NAME and current else 400))
            painter.setPen(QColor(t.text1 if bright else t.text2))
            side = Qt.AlignmentFlag.AlignRight if column in RIGHT else Qt.AlignmentFlag.AlignLeft
            text = painter.fontMetrics().elidedText(str(index.data()), Qt.TextElideMode.ElideMiddle, int(inner.width()))
            painter.drawText(inner, side | Qt.AlignmentFlag.AlignVCenter, text)
        painter.restore()

    def _number(self, painter: QPainter, box: QRectF, number: int, on: bool, current: bool) -> None:
        t = self.theme.tokens
        if on:
            painter.fillRect(QRectF(box.x(), box.y(), 3, box.height()), QColor(t.accent))
        if current:
            icon = self.theme.pixmap("play-fill", "accent", 14)
            painter.drawPixmap(int(box.right() - 18), int(box.center().y() - 7), icon)
            return
        painter.setFont(self.theme.font("small"))
        painter.setPen(QColor(t.text3))
        painter.drawText(box.adjusted(0, 0, -4, 0), Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
                         str(number + 1))

    def _wave(self, painter: QPainter, box: QRectF, row: Row, number: int, current: bool) -> None:
        playing = self.table.position_s if number == self.table.playing_row else None
        paint_strip(painter, QRectF(box.x() + 6, box.center().y() - 12, max(20, box.width() - 22), 24), self.theme,
                    row.sound.peaks, row.sound.duration_s, row.span, current, playing)

    def _similarity(self, painter: QPainter, inner: QRectF, row: Row) -> None:
        if row.similarity is None:
            return
        paint_bar(painter, QRectF(inner.right() - BAR_PX - 42, inner.y(), BAR_PX, inner.height()), self.theme, row.similarity,
                  thickness=6)
        painter.setFont(self.theme.font("body", 500))
        painter.setPen(QColor(self.theme.tokens.text1))
        painter.drawText(inner, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, similarity(row.similarity))

    def _tags(self, painter: QPainter, inner: QRectF, row: Row) -> None:
        t = self.theme.tokens
        font = self.theme.font("caption")
        painter.setFont(font)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = painter.fontMetrics()
        x, shown = inner.x(), 0
        longest = min(118, int(inner.width()) - 40)
        names = row.tag_names()
        for tag, chosen in names[:3]:
            name = metrics.elidedText(tag.lower(), Qt.TextElideMode.ElideRight, longest)
            width = metrics.horizontalAdvance(name) + 14
            left_over = len(names) - shown - 1
            if x + width > inner.right() - (24 if left_over else 0):
                break
            painter.setPen(QPen(QColor(t.edge), 1) if chosen else Qt.PenStyle.NoPen)
            painter.setBrush(QColor(t.raised))
            painter.drawRoundedRect(QRectF(x + 0.5, inner.center().y() - 8.5, width - 1, 17), 4, 4)
            painter.setPen(QColor(t.text1 if chosen else t.text2))
            painter.drawText(QRectF(x, inner.y(), width, inner.height()), Qt.AlignmentFlag.AlignCenter, name)
            x += width + 4
            shown += 1
        rest = len(names) - shown
        if rest:
            painter.setPen(QColor(t.text3))
            painter.drawText(QRectF(x + 2, inner.y(), 30, inner.height()),
                             Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, f"+{rest}")
