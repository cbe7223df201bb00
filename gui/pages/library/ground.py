"""What the Library page is laid out of. It only builds; the page and its helpers bring it to life."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from gui.context import Context
from gui.pages.library.beside import Beside
from gui.pages.library.empty import EmptyLibrary
from gui.pages.library.filters import FilterRow
from gui.pages.library.folders import FolderList
from gui.pages.library.inspector import SoundInspector
from gui.pages.library.line import QueryLine
from gui.pages.library.nothing import NothingFound
from gui.pages.library.player import PlayerBar
from gui.pages.library.query import QueryBox
from gui.pages.library.saved import SavedSearches
from gui.pages.library.scanning import made_sounds
from gui.pages.library.tag_panel import TagPanel
from gui.widgets.controls import Notice, rule
from gui.widgets.result_table import ResultModel, ResultTable
from gui.widgets.waiting import Waiting


class Ground(QWidget):
    """The side list, the query with its lines, the table, the player."""

    def __init__(self, context: Context, owner: QObject) -> None:
        super().__init__()
        self.context, theme = context, context.theme
        outer = QHBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setHandleWidth(1)
        self.splitter.setChildrenCollapsible(False)
        self.model = ResultModel(owner)
        self.side = self._side()
        self.splitter.addWidget(self.side)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.top = QVBoxLayout()
        self.top.setContentsMargins(16, 12, 16, 8)
        self.top.setSpacing(10)
        self.query = QueryBox(theme)
        self.notice = Notice(theme, tone="error")
        self.notice.hide()
        self.top.addWidget(self.query)
        self.unfinished = Notice(theme)
        self.unfinished.sentence.hide()
        self.unfinished.hide()
        self.damaged = Notice(theme)
        self.damaged.hide()
        self.top.addWidget(self.notice)
        self.top.addWidget(self.unfinished)
        self.top.addWidget(self.damaged)
        self.tag_panel = TagPanel(theme)
        self.tag_panel.hide()
        self.top.addWidget(self.tag_panel)
        column.addLayout(self.top)
        self.stack = QStackedWidget()
        self.blank = Waiting(theme, self.tr("Reading the library…"))
        self.results = self._results()
        self.empty = EmptyLibrary(theme, made_sounds())
        self.empty_ground = QWidget()
        around = QVBoxLayout(self.empty_ground)
        around.setContentsMargins(16, 8, 16, 16)
        around.addWidget(self.empty)
        for page in (self.blank, self.results, self.empty_ground):
            self.stack.addWidget(page)
        self.inspector = SoundInspector(theme)
        self.inspector.hide()
        self.beside = Beside(self.stack, self.inspector)
        column.addWidget(self.beside, 1)
        self._line = rule()
        column.addWidget(self._line)
        self.player = PlayerBar(context)
        column.addWidget(self.player)
        self._line.hide()
        self.player.hide()
        self.splitter.addWidget(right)
        self.splitter.setStretchFactor(0, 0)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([215, 1200])
        outer.addWidget(self.splitter)

    def show_any(self, sounds: bool) -> None:
        """There are sounds, or there are none."""
        self.query.set_ready(sounds)
        self.stack.setCurrentWidget(self.results if sounds else self.empty_ground)
        self.player.setVisible(sounds)
        self._line.setVisible(sounds)

    def _side(self) -> QWidget:
        side = QWidget()
        side.setMinimumWidth(180)
        side.setMaximumWidth(420)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.folders = FolderList(self.context.theme)
        self.saved = SavedSearches(self.context.theme)
        column.addWidget(self.folders)
        column.addWidget(self.saved)
        column.addStretch(1)
        foot = QHBoxLayout()
        foot.setContentsMargins(8, 0, 8, 10)
        foot.addWidget(self.folders.failed, 0, Qt.AlignmentFlag.AlignLeft)
        column.addLayout(foot)
        return side

    def _results(self) -> QWidget:
        theme = self.context.theme
        results = QWidget()
        inside = QVBoxLayout(results)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(10)
        self.filters = FilterRow(theme, after=self.query.keep)
        self.line = QueryLine(theme, after=lambda: self.filters.more)
        for widget in (self.filters, self.line):
            inset = QHBoxLayout()
            inset.setContentsMargins(16, 0, 16, 0)
            inset.addWidget(widget)
            inside.addLayout(inset)
        self.table = ResultTable(theme, self.model)
        self.nothing = NothingFound(theme)
        self.answers = QStackedWidget()
        self.answers.addWidget(self.table)
        self.answers.addWidget(self.nothing)
        inside.addWidget(self.answers, 1)
        return results
