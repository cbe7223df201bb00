"""The rows of the table of sounds: what one holds, and the model that keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QMimeData, QModelIndex, QObject, QPersistentModelIndex, Qt, QUrl, Signal

from engine.records import Label, Sound, Span
from gui.widgets.controls import plain_tip
from gui.words import clock, length, rate_hz, similarity

NUMBER, NAME, WAVE, SIMILARITY, SPAN, LENGTH, TAGS, RATE = range(8)
RIGHT = {NUMBER, SIMILARITY, SPAN, LENGTH}
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
    """Rows that are there, of `total`; each sound once. more_wanted(): the view came near the end of what is there.

    waiting: more were asked for and did not come yet, or could not be had.
    """

    more_wanted = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: list[Row] = []
        self.total = 0
        self.ranked = False
        self.waiting = False

    def show(self, rows: Sequence[Row], total: int, ranked: bool) -> None:
        """Replace everything. ranked: rows carry similarities."""
        self.beginResetModel()
        self.rows, self.total, self.ranked, self.waiting = list(rows), total, ranked, False
        self.endResetModel()

    def update(self, rows: Sequence[Row], total: int) -> None:
        """The same answer as it is now: rows that are still there stay the rows that they were, others come and go.

        So what is chosen stays chosen, wherever its row has moved to.
        """
        self.waiting = True  # no row is asked for on the way
        wanted = {row.sound.id: at for at, row in enumerate(rows)}
        for first, last in reversed(_runs([at for at, row in enumerate(self.rows) if row.sound.id not in wanted])):
            self.beginRemoveRows(QModelIndex(), first, last)
            del self.rows[first:last + 1]
            self.endRemoveRows()
        self._order(sorted(range(len(self.rows)), key=lambda at: wanted[self.rows[at].sound.id]))
        there = {row.sound.id for row in self.rows}
        for first, last in _runs([at for at, row in enumerate(rows) if row.sound.id not in there]):
            self.beginInsertRows(QModelIndex(), first, last)
            self.rows[first:first] = rows[first:last + 1]
            self.endInsertRows()
        changed = [at for at, (old, new) in enumerate(zip(self.rows, rows, strict=True)) if old != new]
        self.rows, self.total, self.waiting = list(rows), total, False
        for first, last in _runs(changed):
            self.dataChanged.emit(self.index(first, 0), self.index(last, RATE))

    def append(self, rows: Sequence[Row], total: int) -> None:
        """More rows of the same answer; none means that there are no more."""
        self.waiting = False
        self.total = total if rows else len(self.rows)
        if rows:
            self.beginInsertRows(QModelIndex(), len(self.rows), len(self.rows) + len(rows) - 1)
            self.rows.extend(rows)
            self.endInsertRows()

    def number(self, sound_id: int | None) -> int:
        """The row of a sound, −1 where it is not among those that are there."""
        return next((at for at, row in enumerate(self.rows) if row.sound.id == sound_id), -1)

    def row(self, number: int) -> Row | None:
        return self.rows[number] if 0 <= number < len(self.rows) else None

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 Qt's own signature
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 8

    def canFetchMore(self, parent: Index) -> bool:
        return not parent.isValid() and not self.waiting and len(self.rows) < self.total

    def fetchMore(self, parent: Index) -> None:
        self.waiting = True
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
            return plain_tip(str(row.sound.path))
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == TAGS:
            tagged = [self.tr("{list}: {label} {similarity}").format(
                list=one.list_name, label=one.name, similarity=similarity(one.similarity)) for one in row.labels]
            heard = ", ".join(f"{tag.name} {tag.probability:.2f}" for tag in row.sound.tags)
            return plain_tip("\n".join([*tagged, *([self.tr("heard: {}").format(heard)] if heard else [])]))
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

    def _order(self, order: list[int]) -> None:
        """order: the present place of each row, in the new order."""
        if order == sorted(order):
            return
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        places = {old: new for new, old in enumerate(order)}
        self.rows = [self.rows[old] for old in order]
        self.changePersistentIndexList(before, [self.index(places[one.row()], one.column()) for one in before])
        self.layoutChanged.emit()

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


def _runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Rising numbers as stretches without a gap: (first, last) of each."""
    found: list[tuple[int, int]] = []
    for one in numbers:
        if found and found[-1][1] == one - 1:
            found[-1] = (found[-1][0], one)
        else:
            found.append((one, one))
    return found
