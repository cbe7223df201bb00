"""How a row of the table of sounds is drawn, cell by cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate

from gui.theme import ROW_TABLE_PX, Theme
from gui.widgets.controls import paint_bar
from gui.widgets.result_table.model import NAME, NUMBER, RIGHT, ROW, SIMILARITY, SPAN, TAGS, WAVE, Index, Row
from gui.widgets.strip import paint_strip
from gui.words import similarity

if TYPE_CHECKING:
    from gui.widgets.result_table.table import ResultTable

PALE = 0.4  # of the ink of rows that answer an earlier question
BAR_PX = 44  # of a similarity; beside it 42 px hold −0.07


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
        held = row.sound.id == self.table.held_id
        painter.save()
        painter.fillRect(box, QColor(t.selected if on else t.field))
        painter.fillRect(QRectF(box.x(), box.bottom() - 1, box.width(), 1), QColor(t.grid))
        if self.table.pale:
            painter.setOpacity(PALE)
        column = index.column()
        inner = box.adjusted(6, 0, -6, -1)
        if column == NUMBER:
            self._number(painter, box, index.row(), on, held)
        elif column == WAVE:
            self._wave(painter, box, row, held)
        elif column == SIMILARITY:
            self._similarity(painter, inner, row)
        elif column == TAGS:
            self._tags(painter, inner, row)
        else:
            bright = column == NAME or (column == SPAN and row.span is not None)
            painter.setFont(self.theme.font("body", 500 if column == NAME and held else 400))
            painter.setPen(QColor(t.text1 if bright else t.text2))
            side = Qt.AlignmentFlag.AlignRight if column in RIGHT else Qt.AlignmentFlag.AlignLeft
            text = painter.fontMetrics().elidedText(str(index.data()), Qt.TextElideMode.ElideMiddle, int(inner.width()))
            painter.drawText(inner, side | Qt.AlignmentFlag.AlignVCenter, text)
        painter.restore()

    def _number(self, painter: QPainter, box: QRectF, number: int, on: bool, held: bool) -> None:
        t = self.theme.tokens
        if on:
            painter.fillRect(QRectF(box.x(), box.y(), 3, box.height()), QColor(t.accent))
        if held:
            icon = self.theme.pixmap("play-fill", "accent", 14)
            painter.drawPixmap(int(box.right() - 18), int(box.center().y() - 7), icon)
            return
        painter.setFont(self.theme.font("small"))
        painter.setPen(QColor(t.text3))
        painter.drawText(box.adjusted(0, 0, -4, 0), Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
                         str(number + 1))

    def _wave(self, painter: QPainter, box: QRectF, row: Row, held: bool) -> None:
        playing = self.table.position_s if held else None
        paint_strip(painter, QRectF(box.x() + 6, box.center().y() - 12, max(20, box.width() - 22), 24), self.theme,
                    row.sound.peaks, row.sound.duration_s, row.span, held, playing)

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
