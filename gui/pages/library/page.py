"""The Library page: it asks jobs, and shows folders, results and what plays."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QPoint, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QGuiApplication, QResizeEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QMenu,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from engine.errors import EarmarkError
from engine.records import Failure, Folder, LibraryStats, SearchResult, Sound
from engine.tasks import Ticket
from gui.context import Context
from gui.pages.base import Page
from gui.pages.library.empty import EmptyLibrary
from gui.pages.library.failures import FailuresDialog, all_failures
from gui.pages.library.folders import FolderList, Place, below
from gui.pages.library.hearing import Hearing
from gui.pages.library.player import PlayerBar
from gui.pages.library.query import Query, QueryBox, QueryLine, suggest
from gui.pages.library.scanning import Scanning, made_sounds
from gui.widgets.controls import Button, Notice, ask_before_loss, rule
from gui.widgets.result_table import ResultModel, ResultTable, Row
from gui.words import amount, count

PAGE_ROWS = 200  # rows fetched at a time
LOOK_MS = 2500  # how often a scan's findings are shown
SUGGEST_FROM = 30  # results whose tags make the suggestions


@dataclass(frozen=True)
class _Known:
    stats: LibraryStats
    folders: list[Folder]
    failures: list[Failure]
    subfolders: dict[int, Counter[Path]]
    counted: bool  # subfolders are those of these sounds


class LibraryPage(Page):
    id = "library"
    icon = "magnifying-glass"
    bottom_px = 120  # the player

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._known: _Known | None = None
        self.failures: list[Failure] = []
        self._search: Ticket | None = None
        self._asking: Ticket | None = None
        self._ask_again = False  # something changed while asking
        self.setAcceptDrops(True)
        self.scanning = Scanning(context, self)
        self._build()
        self.hearing = Hearing(context, self.table, self.player, self)
        self._bind()

    @property
    def title(self) -> str:
        return self.tr("Library")

    def toolbar_right(self) -> QWidget:
        button = Button(self.theme, self.tr("Add folder…"), "folder-plus")
        button.clicked.connect(self.choose_folder)
        return button

    # --- life ---------------------------------------------------------------------------------------------------------

    def shown(self) -> None:
        super().shown()
        self.hearing.look_once()

    def hidden(self) -> None:
        super().hidden()
        self.query.stop()
        self.audition.stop()

    def refresh(self) -> None:
        if self._asking is not None:
            self._ask_again = True
        else:
            known, scanning = self._known, self.scanning.running
            self._asking = self.jobs.run(self, lambda ticket: self._ask(known, scanning), lane="store",
                                         done=self._show_known, failed=self._refresh_failed)

    def models_ready(self) -> None:
        if self._known is not None and self.query.query:
            self.search()

    def open(self, what: object) -> None:
        """ "query": to the query box. Other words: search for them. A path or a sound: what is like it."""
        if what == "query":
            self.query.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self.query.field.selectAll()
        elif isinstance(what, str):
            self.query.set_text(what)
        elif isinstance(what, Path):
            self.query.set_like(what, what.name)
        elif isinstance(what, Sound):
            self.query.set_like_sound(what)

    # --- what is there ------------------------------------------------------------------------------------------------

    def _ask(self, before: _Known | None, scanning: bool) -> _Known:
        """What is there now. Counting below the folders reads every sound, so it waits for the end of a scan."""
        library = self.app.library
        stats, folders, failures = library.stats(), library.folders(), library.failures()
        if before is not None and (scanning or (before.counted and before.stats == stats)):
            return _Known(stats, folders, failures, before.subfolders, before.counted and before.stats == stats)
        subfolders = {f.id: below(f.path, [s.path for s in library.sounds(f.id)]) for f in folders if f.sounds}
        return _Known(stats, folders, failures, subfolders, counted=True)

    def _show_known(self, known: _Known) -> None:
        before, self._known, self._asking = self._known, known, None
        sounds = known.stats.sounds
        self.set_scope(self.tr("{n} sounds · {length}").format(n=count(sounds), length=amount(known.stats.audio_s))
                       if sounds else self.tr("No sounds yet"))
        self.hearing.roots = {f.id: f.path for f in known.folders}
        self.folders.show_folders(known.folders, known.subfolders, sounds)
        self.failures = all_failures(known.failures, self.scanning.passing, known.folders)
        self.folders.show_failures(len(self.failures))
        self.query.set_ready(bool(sounds))
        self.stack.setCurrentWidget(self.results if sounds else self.empty_ground)
        self.player.setVisible(bool(sounds))
        self._line.setVisible(bool(sounds))
        if sounds and (before is None or before.stats != known.stats or not before.counted):
            self.search(keep=True)
        if self._ask_again:
            self._ask_again = False
            self.refresh()

    def _refresh_failed(self, error: EarmarkError) -> None:
        self._asking = None
        self._tell(self.tr("The library cannot be shown now."), str(error))

    # --- searching ----------------------------------------------------------------------------------------------------

    def search(self, keep: bool = False) -> None:
        """Ask for what the query box says, or for everything in the folder. keep: the chosen sound, if it is found."""
        if self._search is not None:
            self._search.cancel()
        query, place = self.query.query, self.folders.place
        chosen = self.player.row.sound.id if keep and self.player.row is not None else None
        if query and self.app.models.ready.isdisjoint({"joint"}):
            self.line.say("", self.tr("The sound encoder is loading; the search begins by itself…"))
        self._search = self.jobs.run(
            self, lambda ticket: self._find(query, place, 0), lane="models" if query else "store",
            done=lambda found: self._show_found(found, chosen, keep), failed=self._search_failed)

    def _find(self, query: Query, place: Place, offset: int) -> SearchResult | list[Sound]:
        if query:
            return self.app.library.search(query.text, query.like, PAGE_ROWS, place.folder_id, offset, place.under)
        return self.app.library.sounds(place.folder_id, offset, PAGE_ROWS, place.under)

    def _show_found(self, found: SearchResult | list[Sound], chosen: int | None, keep: bool) -> None:
        self.notice.hide()
        rows, scrolled = _rows(found), self.table.verticalScrollBar().value()
        if isinstance(found, SearchResult):
            self.model.show(rows, max(found.sounds, len(rows)), True)
            self.line.say(count(len(rows)) if len(rows) < PAGE_ROWS else count(found.sounds),
                          self.tr("of {all} · {ms} ms").format(all=count(self._total()), ms=f"{found.took_ms:.0f}"))
            self.line.show_suggestions(suggest(found.query, [r.sound for r in rows[:SUGGEST_FROM]]))
        else:
            total = len(rows) if len(rows) < PAGE_ROWS else max(len(rows), self._total(self.folders.place))
            self.model.show(rows, total, False)
            self.line.say(count(total), self.tr("sounds"))
            self.line.show_suggestions(suggest("", [r.sound for r in rows[:PAGE_ROWS]]))
        again = next((n for n, row in enumerate(rows) if row.sound.id == chosen), -1)
        if again >= 0:
            self.table.selectRow(again)
            self.hearing.show_row(again)
        else:
            self.hearing.show_nothing()
        if keep:
            self.table.verticalScrollBar().setValue(scrolled)
        else:
            self.table.scrollToTop()

    def _search_failed(self, error: EarmarkError) -> None:
        self.model.show([], 0, bool(self.query.query))
        self.line.say("", "")
        self._tell(self.tr("The search did not work."), str(error))

    def _more(self) -> None:
        """The table came to its end: ask for the next rows."""
        query, place, offset = self.query.query, self.folders.place, len(self.model.rows)
        search = self._search
        self.jobs.run(self, lambda ticket: self._find(query, place, offset), lane="models" if query else "store",
                      done=lambda found: self.model.append(_rows(found)) if self._search is search else None,
                      failed=lambda _: self.model.append([]))

    def _total(self, place: Place | None = None) -> int:
        if self._known is None:
            return 0
        if place is not None and place.folder is not None and place.under is not None:
            return self._known.subfolders.get(place.folder.id, Counter())[place.under]
        if place is not None and place.folder is not None:
            return next((f.sounds for f in self._known.folders if f.id == place.folder_id), 0)
        return self._known.stats.sounds

    def _tell(self, title: str, sentence: str) -> None:
        self.notice.title.setText(title)
        self.notice.sentence.setText(sentence)
        self.notice.show()

    # --- folders and scanning -----------------------------------------------------------------------------------------

    def choose_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, self.tr("Add a folder of sounds"), str(Path.home()))
        if chosen:
            self.scanning.add([Path(chosen)])

    def _look(self) -> None:
        if self.scanning.running:
            self.refresh()

    def _library_changed(self) -> None:
        if self._known is not None and not self.scanning.running:
            self._known = replace(self._known, counted=False)  # files may have moved
        self.refresh()

    def show_failures(self) -> FailuresDialog:
        dialog = FailuresDialog(self.theme, self.failures, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()
        return dialog

    def remove_folder(self, folder: Folder) -> None:
        """Ask, then forget a folder; its files stay."""
        ask_before_loss(
            self, self.theme, self.tr("Remove “{}” from the library?").format(folder.path.name),
            self.tr("Its files stay where they are; what Earmark remembers of them is forgotten."),
            self.tr("Remove folder"), lambda: self.scanning.remove(folder))

    def _folder_menu(self, place: Place, position: QPoint) -> None:
        menu = QMenu(self)
        if place.path is not None:
            path = place.path
            menu.addAction(self.tr("Show in folder"), lambda: _show_in_folder(path))
        menu.addAction(self.tr("Look through the folders again"), self.scanning.scan)
        if place.folder is not None and place.under is None:
            folder = place.folder
            menu.addSeparator()
            menu.addAction(self.tr("Remove from the library…"), lambda: self.remove_folder(folder))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(position)

    def find_similar(self) -> None:
        if self.player.row is not None:
            self.query.set_like_sound(self.player.row.sound)

    def _row_menu(self, number: int, position: QPoint) -> None:
        row = self.model.row(number)
        if row is None:
            return
        menu = QMenu(self)
        menu.addAction(self.tr("Find similar"), lambda: self.query.set_like_sound(row.sound))
        menu.addAction(self.tr("Show in folder"), lambda: _show_in_folder(row.sound.path.parent))
        menu.addAction(self.tr("Copy path"), lambda: QGuiApplication.clipboard().setText(str(row.sound.path)))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(position)

    # --- dropping -----------------------------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        mime = event.mimeData()
        if mime is not None and mime.hasUrls() and event.source() is None:
            self.empty.set_over(True)
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.empty.set_over(False)

    def dropEvent(self, event: QDropEvent) -> None:
        self.empty.set_over(False)
        self.query.take([Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()])
        event.acceptProposedAction()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.player.set_narrow(self.width() < 1000)

    # --- building -----------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        outer = QHBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        self.splitter = self.remember("folders", QSplitter(Qt.Orientation.Horizontal))
        self.splitter.setHandleWidth(1)
        self.splitter.setChildrenCollapsible(False)
        self.folders = FolderList(self.theme)
        self.splitter.addWidget(self.folders)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        top = QVBoxLayout()
        top.setContentsMargins(16, 12, 16, 8)
        top.setSpacing(10)
        self.query = QueryBox(self.theme)
        self.notice = Notice(self.theme, tone="error")
        self.notice.add_act(self.tr("Try again"), self.search)
        self.notice.hide()
        top.addWidget(self.query)
        top.addWidget(self.notice)
        column.addLayout(top)
        self.stack = QStackedWidget()
        self.results = QWidget()
        inside = QVBoxLayout(self.results)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(10)
        self.line = QueryLine(self.theme)
        inset = QHBoxLayout()
        inset.setContentsMargins(16, 0, 16, 0)
        inset.addWidget(self.line)
        inside.addLayout(inset)
        self.model = ResultModel(self)
        self.table = ResultTable(self.theme, self.model)
        inside.addWidget(self.table, 1)
        self.empty = EmptyLibrary(self.theme, made_sounds())
        empty_ground = QWidget()
        around = QVBoxLayout(empty_ground)
        around.setContentsMargins(16, 8, 16, 16)
        around.addWidget(self.empty)
        self._blank = QWidget()
        for page in (self._blank, self.results, empty_ground):
            self.stack.addWidget(page)
        self.empty_ground = empty_ground
        column.addWidget(self.stack, 1)
        self._line = rule()
        column.addWidget(self._line)
        self.player = PlayerBar(self.context)
        column.addWidget(self.player)
        self._line.hide()
        self.player.hide()
        self.splitter.addWidget(right)
        self.splitter.setStretchFactor(0, 0)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([215, 1200])
        outer.addWidget(self.splitter)

    def _bind(self) -> None:
        self.query.changed.connect(self.search)
        self.query.wants_file.connect(self._choose_example)
        self.query.folders.connect(self.scanning.add)
        self.line.suggested.connect(self.query.set_text)
        self.model.more_wanted.connect(self._more)
        self.table.menu.connect(self._row_menu)
        self.folders.chosen.connect(lambda _: self.search())
        self.folders.add.connect(self.choose_folder)
        self.folders.scan.connect(self.scanning.scan)
        self.folders.failures.connect(self.show_failures)
        self.folders.menu.connect(self._folder_menu)
        self.empty.add.connect(self.choose_folder)
        self.empty.made.connect(self.scanning.add_made_sounds)
        self.empty.cancelled.connect(self.scanning.cancel)
        self.scanning.moved.connect(self.empty.show_scan)
        self.scanning.changed.connect(self._library_changed)
        self.scanning.said.connect(self.said)
        self.scanning.failed.connect(self._tell)
        self.player.similar.connect(self.find_similar)
        self.hearing.said.connect(self.said)
        self.every(LOOK_MS, self._look)
        for entry, slot in (
                ("add", self.choose_folder), ("scan", self.scanning.scan), ("next", lambda: self.hearing.step(1)),
                ("previous", lambda: self.hearing.step(-1)), ("stop", self.audition.stop),
                ("replay", self.hearing.replay), ("pause", self.hearing.pause), ("span", self.hearing.play_span),
                ("loop", self.player.loop.toggle),
                ("similar", self.find_similar), ("clear", self.query.clear)):
            self.bind(f"library.{entry}", slot)

    def _choose_example(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, self.tr("Search by a sound file"), str(Path.home()))
        if path:
            self.query.set_like(Path(path), Path(path).name)


def _rows(found: SearchResult | list[Sound]) -> list[Row]:
    if isinstance(found, SearchResult):
        return [Row(m.sound, m.similarity, m.span) for m in found.matches]
    return [Row(sound) for sound in found]


def _show_in_folder(path: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))
