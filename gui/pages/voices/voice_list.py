"""The voices as rows of 52 px, with a box to find one."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QPainter
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from engine.records import Voice
from gui.pages.voices.details import Mark
from gui.pages.voices.progress import ENROLL_S
from gui.theme import ROW_VOICE_PX, Theme
from gui.widgets.controls import Icon, SearchBox, Text, plain_tip, rule
from gui.widgets.voice_rows import paint_avatar

VOICE = int(Qt.ItemDataRole.UserRole) + 1


class VoiceList(QWidget):
    """chosen(Voice): selected by the user. recording_id: the voice whose take is being recorded."""

    chosen = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.recording_id: int | None = None
        self.marks: dict[int, Mark] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 10, 0, 0)
        column.setSpacing(0)
        self.search = SearchBox(theme, self.tr("Find a voice"))
        self.search.textChanged.connect(self._filter)
        top = QVBoxLayout()
        top.setContentsMargins(12, 0, 12, 10)
        top.addWidget(self.search)
        self.list = QListWidget()
        self.list.setProperty("ground", "window")
        self.list.setItemDelegate(_Rows(self))
        self.list.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName(self.tr("Voices"))
        self.list.currentItemChanged.connect(self._current)
        self.nothing = Text(theme, self.tr("No voice is called that."), "small", "text3")
        self.nothing.setContentsMargins(16, 4, 16, 4)
        self.nothing.hide()
        foot = QHBoxLayout()
        foot.setContentsMargins(14, 12, 12, 12)
        foot.setSpacing(8)
        foot.addWidget(Icon(theme, "lock-simple", "text3"), 0, Qt.AlignmentFlag.AlignTop)
        foot.addWidget(Text(theme, self.tr("Voiceprints stay on this machine."), "small", "text2", wrap=True), 1)
        column.addLayout(top)
        column.addWidget(self.nothing)
        column.addWidget(self.list, 1)
        column.addWidget(rule())
        column.addLayout(foot)

    def set_voices(self, voices: list[Voice], selected: int | None) -> None:
        """Those being enrolled first, then by name."""
        self.list.blockSignals(True)
        self.list.clear()
        for voice in sorted(voices, key=lambda v: (v.state == "enrolled", v.name.casefold())):
            item = QListWidgetItem(voice.name)
            item.setData(VOICE, voice)
            self.list.addItem(item)
            if voice.id == selected:
                self.list.setCurrentItem(item)
        self.list.blockSignals(False)
        self.set_marks(self.marks)
        self.search.setVisible(bool(voices))
        self._filter(self.search.text())

    def set_marks(self, marks: dict[int, Mark]) -> None:
        """Warnings at the right of rows, by the id of the voice."""
        self.marks = marks
        for item in (self.list.item(i) for i in range(self.list.count())):
            voice = item.data(VOICE)
            mark = marks.get(voice.id)
            said = [voice.name, self.line(voice), mark.words if mark else ""]
            item.setData(Qt.ItemDataRole.AccessibleTextRole, ", ".join(bit for bit in said if bit))
            item.setToolTip(plain_tip(mark.sentence if mark else ""))
        self.list.viewport().update()

    def select(self, voice_id: int | None) -> None:
        self.list.blockSignals(True)
        if voice_id is None:
            self.list.setCurrentRow(-1)
        for row in range(self.list.count()):
            if self.list.item(row).data(VOICE).id == voice_id:
                self.list.setCurrentRow(row)
        self.list.blockSignals(False)

    def names(self) -> list[str]:
        """Those that are shown."""
        rows = (self.list.item(i) for i in range(self.list.count()))
        return [row.text() for row in rows if not row.isHidden()]

    def line(self, voice: Voice) -> str:
        """The second line of a row."""
        if voice.state == "enrolling":
            return self.tr("enrolling · {found} of {all} s").format(found=f"{voice.speech_s:.1f}",
                                                                    all=f"{ENROLL_S:.0f}")
        samples = self.tr("1 sample") if voice.samples == 1 else self.tr("{} samples").format(voice.samples)
        return self.tr("{samples} · {speech} s").format(samples=samples, speech=f"{voice.speech_s:.0f}")

    def _filter(self, text: str) -> None:
        wanted = text.casefold().strip()
        for row in range(self.list.count()):
            item = self.list.item(row)
            item.setHidden(wanted not in item.text().casefold())
        self.nothing.setVisible(bool(wanted) and not self.names())

    def _current(self, item: QListWidgetItem | None, _: QListWidgetItem | None) -> None:
        if item is not None:
            self.chosen.emit(item.data(VOICE))


class _Rows(QStyledItemDelegate):
    def __init__(self, owner: VoiceList) -> None:
        super().__init__(owner)
        self._owner, self._theme = owner, owner.theme

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(200, ROW_VOICE_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem,
              index: QModelIndex | QPersistentModelIndex) -> None:
        tokens, voice = self._theme.tokens, index.data(VOICE)
        box = QRectF(option.rect)  # type: ignore[attr-defined]
        state = option.state  # type: ignore[attr-defined]
        painter.save()
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(box, QColor(tokens.selected))
            painter.fillRect(QRectF(box.left(), box.top(), 3, box.height()), QColor(tokens.accent))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(box, QColor(tokens.raised))
        painter.fillRect(QRectF(box.left(), box.bottom() - 1, box.width(), 1), QColor(tokens.line))
        paint_avatar(painter, QRectF(box.left() + 16, box.top() + 11, 30, 30), self._theme, voice.name, voice.colour)
        left, room = box.left() + 58, box.width() - 58 - 34
        mark = self._owner.marks.get(voice.id)
        if mark is not None and voice.id != self._owner.recording_id:
            room = box.width() - 58 - 12 - self._paint_mark(painter, box, mark.words)
        name = self._theme.font("body")
        painter.setFont(name)
        painter.setPen(QColor(tokens.text1))
        painter.drawText(QRectF(left, box.top() + 8, room, 18), Qt.AlignmentFlag.AlignVCenter,
                         QFontMetricsF(name).elidedText(voice.name, Qt.TextElideMode.ElideRight, room))
        painter.setFont(self._theme.font("small"))
        painter.setPen(QColor(tokens.text2))
        line = self._owner.line(voice)
        if painter.fontMetrics().horizontalAdvance(line) > room:  # without the seconds, rather than cut
            line = line.split(" · ")[0]
        painter.drawText(QRectF(left, box.top() + 26, room, 17), Qt.AlignmentFlag.AlignVCenter,
                         painter.fontMetrics().elidedText(line, Qt.TextElideMode.ElideRight, int(room)))
        if voice.id == self._owner.recording_id:
            painter.drawPixmap(int(box.right()) - 28, int(box.top()) + 18, self._theme.pixmap("record-fill", "error"))
        painter.restore()

    def _paint_mark(self, painter: QPainter, box: QRectF, words: str) -> float:
        """At the right end; returns the width it takes with a gap before it."""
        painter.setFont(self._theme.font("small"))
        painter.setPen(QColor(self._theme.tokens.warning))
        width = min(painter.fontMetrics().horizontalAdvance(words) + 1, box.width() * 0.42)
        right = box.right() - 12
        painter.drawText(QRectF(right - width, box.top(), width, box.height()), Qt.AlignmentFlag.AlignVCenter,
                         painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, int(width)))
        painter.drawPixmap(int(right - width - 18), int(box.center().y()) - 7, self._theme.pixmap("warning", "warning", 14))
        return float(width + 26)
