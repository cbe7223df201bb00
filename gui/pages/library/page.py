"""The Library page: it asks jobs, and shows folders, results and what plays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QWidget

from engine.errors import EarmarkError, EncoderError, TagUnknown
from engine.records import Failure, Folder, Sound
from engine.tasks import Ticket
from gui.context import Context
from gui.pages.base import Page
from gui.pages.library.failures import FailuresDialog, all_failures
from gui.pages.library.folders import Place
from gui.pages.library.ground import Ground
from gui.pages.library.hearing import Hearing
from gui.pages.library.inspecting import Inspecting
from gui.pages.library.known import Known, look
from gui.pages.library.locating import Locating
from gui.pages.library.menus import folder_menu, row_menu
from gui.pages.library.question import sound_part
from gui.pages.library.saving import Saving
from gui.pages.library.scanning import Scanning
from gui.pages.library.searching import Searching
from gui.pages.library.tagging import Tagging
from gui.reindexing import Reindexing, unfinished_words
from gui.widgets.controls import Button, IconButton, ask_before_loss
from gui.words import amount, count, without_commands

LOOK_MS = 2500  # how often a scan's findings are shown
NARROW_PX = 1060  # below this width of the page the side list folds to a button, and the player to its left part


class LibraryPage(Page):
    id = "library"
    icon = "magnifying-glass"
    bottom_px = 130  # the player

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._known: Known | None = None
        self.failures: list[Failure] = []
        self._unknown_tag = ""  # what the notice can drop
        self.tag_button: Button | None = None
        self._asking: Ticket | None = None
        self._ask_again = False  # something changed while asking
        self._behind = False  # a scan behind the window was under way
        self.setAcceptDrops(True)
        self.scanning = Scanning(context, self)
        self._build()
        self.hearing = Hearing(context, self.table, self.player, self)
        self.searching = Searching(context, self.ground, self.hearing, self)
        self.locating = Locating(context, self.ground, self.searching, self.hearing, self)
        self.inspecting = Inspecting(context, self.ground, self.hearing, self)
        self.saving = Saving(context, self.ground, self.searching, self)
        self.tagging = Tagging(context, self.ground, self.searching, self)
        self._bind()

    @property
    def title(self) -> str:
        return self.tr("Library")

    def toolbar_left(self) -> QWidget:
        return self.fold

    def toolbar_right(self) -> QWidget:
        side = QWidget()
        row = QHBoxLayout(side)
        row.setSpacing(8)
        self.tag_button = Button(self.theme, self.tr("Tag…"), "tag")
        self.tag_button.setToolTip(self.tr("Tag the library with a list of labels"))
        self.tag_button.clicked.connect(self.tagging.show_panel)
        self.tag_button.setVisible(self._known is not None and bool(self._known.stats.sounds))
        button = Button(self.theme, self.tr("Add folder…"), "folder-plus")
        button.clicked.connect(self.choose_folder)
        for widget in (self.tag_button, button, self.info):
            row.addWidget(widget)
        return side

    # --- life ---------------------------------------------------------------------------------------------------------

    def shown(self) -> None:
        super().shown()
        self.saving.refresh()
        self.tagging.refresh()
        self.hearing.look_once()

    def hidden(self) -> None:
        super().hidden()
        self.query.stop()
        self.locating.stop()
        self.hearing.stop()

    def refresh(self) -> None:
        if self._asking is not None:
            self._ask_again = True
        else:
            known, scanning = self._known, self.scanning.running or Reindexing.of(self.context).running
            self._asking = self.jobs.run(self, lambda ticket: look(self.app.library, known, scanning), lane="store",
                                         done=self._show_known, failed=self._refresh_failed)

    def models_ready(self) -> None:
        if self._known is not None:
            self.refresh()
            if self.query.query:
                self.search()

    def _encoder_changed(self) -> None:
        """Vectors of different spaces never meet: nothing that the encoder before has said stays."""
        self.locating.forget()
        self.inspecting.forget()

    def open(self, what: object) -> None:
        """ "query": to the query box. Other words: search for them. A path or a sound: what is like it."""
        if what == "query":
            self.query.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self.query.field.selectAll()
        elif isinstance(what, str):
            self.query.set_text(what)
        elif isinstance(what, Path):
            self.query.set_like(what)
        elif isinstance(what, Sound):
            self.query.set_like_sound(what)

    # --- what is there ------------------------------------------------------------------------------------------------

    def _show_known(self, known: Known) -> None:
        before, self._known, self._asking = self._known, known, None
        sounds = known.stats.sounds
        self.set_scope(self.tr("{n} sounds · {length}").format(n=count(sounds), length=amount(known.stats.audio_s))
                       if sounds else self.tr("No sounds yet"))
        self.hearing.roots = {f.id: f.path for f in known.folders}
        self.searching.sounds = sounds
        self.folders.show_folders(known.folders, known.subfolders, sounds)
        self.failures = all_failures(known.failures, self.scanning.passing, known.folders)
        self.folders.show_failures(len(self.failures))
        self.ground.show_any(bool(sounds))
        if self.tag_button is not None:
            self.tag_button.setVisible(bool(sounds))
        self.info.setVisible(bool(sounds))
        if not sounds:
            self.info.setChecked(False)
            self.ground.tag_panel.hide()
        self.ground.tag_panel.set_sounds(sounds)
        if sounds and (before is None or before.stats != known.stats or not before.counted):
            self.search()
        if self._ask_again:
            self._ask_again = False
            self.refresh()

    def _refresh_failed(self, error: EarmarkError) -> None:
        self._asking = None
        self._tell(self.tr("The library cannot be shown now."), str(error))

    def search(self) -> None:
        """Ask for what the query box says, or for everything in the folder."""
        self.searching.search()

    def _answered(self) -> None:
        """The rows were counted with the answer; what else says how many sounds there are says the same."""
        if self._known is not None and self.searching.sounds != self._known.stats.sounds:
            self.refresh()

    def _page_failed(self, error: EarmarkError) -> None:
        self._tell(self.tr("The rest of the list could not be shown."), str(error))

    def _search_failed(self, error: EarmarkError) -> None:
        title, sentence = self.tr("The search did not work."), str(error)
        if isinstance(error, EncoderError):
            title = self.tr("The search did not work. All sounds can be listed and played without a query.")
            sentence = without_commands(sentence)
        if isinstance(error, TagUnknown):
            title = self.tr("No list has the tag “{}” any more.").format(error.tag)
            sentence = self.tr("The list was removed, or the tag is not on it now. Drop the filter to search all sounds, or "
                               "tag the library again.")
            self._unknown_tag = error.tag
        self._tell(title, sentence)
        self.drop_filter.setVisible(isinstance(error, TagUnknown))
        self.list_all.setVisible(isinstance(error, EncoderError))

    def _drop_unknown(self) -> None:
        self.notice.hide()
        self.filters.drop(self._unknown_tag)

    def _tell(self, title: str, sentence: str) -> None:
        self.drop_filter.hide()
        self.list_all.hide()
        self.notice.title.setText(title)
        self.notice.sentence.setText(sentence)
        self.notice.show()

    # --- folders and scanning -----------------------------------------------------------------------------------------

    def choose_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, self.tr("Add a folder of sounds"), str(Path.home()))
        if chosen:
            self.scanning.add([Path(chosen)])

    def _look(self) -> None:
        if self.scanning.running or Reindexing.of(self.context).running:
            self.refresh()

    def _scans_stand(self) -> None:
        """Say whether a scan was broken off and none goes on with it; show what one behind the window found at its end."""
        reindexing = Reindexing.of(self.context)
        scan = reindexing.unfinished if not (self.scanning.running or reindexing.running) else None
        self.ground.unfinished.setVisible(scan is not None)
        if scan is not None:
            self.ground.unfinished.title.setText(unfinished_words(scan))
        if self._behind and not reindexing.running:
            self._library_changed()
        self._behind = reindexing.running

    def _library_changed(self) -> None:
        if self._known is not None and not self.scanning.running:
            self.tagging.refresh()
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

    def _chosen(self) -> Sound | None:
        """The chosen sound; where none is, that is said."""
        if self.player.row is None:
            self.said.emit(self.tr("No sound is chosen. Press a row, or ↓."))
            return None
        return self.player.row.sound

    def find_similar(self) -> None:
        if (sound := self._chosen()) is not None:
            self.query.set_like_sound(sound)

    def _locate(self) -> None:
        if self._chosen() is not None:
            if self.searching.shown:
                self.locating.look()
            else:
                self.said.emit(self.tr("Say what to look for first; then it is looked for all along the sound."))

    def _inspect(self) -> None:
        if self._known is not None and self._known.stats.sounds:
            self.info.toggle()

    def leave_out_chosen(self) -> None:
        """What is like the chosen sound becomes a minus term."""
        if (sound := self._chosen()) is not None:
            self.query.add(sound_part(sound, -1.0))

    def _row_menu(self, number: int, position: QPoint) -> None:
        row = self.model.row(number)
        if row is not None:
            row_menu(self, row.sound, self.query, position)

    def _choose_example(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, self.tr("Search by a sound file"), str(Path.home()))
        if path:
            self.query.set_like(Path(path))

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
        self.query.take([Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()],
                        bool(event.modifiers() & Qt.KeyboardModifier.AltModifier))
        event.acceptProposedAction()

    # --- building -----------------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fold()

    def _fold(self) -> None:
        narrow = self.width() < NARROW_PX
        self.fold.setVisible(narrow)
        self.ground.side.setVisible(not narrow or self.fold.isChecked())
        self.ground.beside.set_narrow(narrow)
        self.player.set_narrow(narrow)

    def _build(self) -> None:
        outer = QHBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        self.fold = IconButton(self.theme, "folders", self.tr("Show the folders and saved searches"), checkable=True,
                               parent=self)
        self.fold.hide()
        self.fold.toggled.connect(lambda _: self._fold())
        self.info = IconButton(self.theme, "info", self.tr("Say in words what the sound is (I)"), checkable=True, parent=self)
        self.info.hide()
        self.ground = Ground(self.context, self)
        outer.addWidget(self.ground)
        self.remember("folders", self.ground.splitter)
        self.folders, self.query, self.notice = self.ground.folders, self.ground.query, self.ground.notice
        self.filters, self.line, self.model = self.ground.filters, self.ground.line, self.ground.model
        self.table, self.player, self.empty = self.ground.table, self.ground.player, self.ground.empty
        self.drop_filter = self.notice.add_act(self.tr("Drop the filter"), self._drop_unknown, "primary", "x")
        self.drop_filter.hide()
        self.list_all = self.notice.add_act(self.tr("List all sounds"), self.query.clear, icon="list")
        self.list_all.hide()
        self.notice.add_act(self.tr("Try again"), self._again)

    def _again(self) -> None:
        self.notice.hide()
        self.saving.refresh()
        self.searching.try_again()

    def _step(self, by: int) -> None:
        """To the next row or the one before, and hear it. From the query box the keys go along: there they would be letters."""
        if self.query.field.hasFocus():
            self.query.ask_now()
            (self.table if self.table.isVisible() else self).setFocus(Qt.FocusReason.OtherFocusReason)
        self.hearing.step(by)

    def _escape(self) -> None:
        """Back to the query; from there, away with it."""
        if self.query.field.hasFocus():
            self.query.clear()
        else:
            self.open("query")

    def _bind(self) -> None:
        self.searching.failed.connect(self._search_failed)
        self.searching.page_failed.connect(self._page_failed)
        self.searching.answered.connect(self._answered)
        reindexing = Reindexing.of(self.context)
        reindexing.in_use_changed.connect(self._encoder_changed)
        reindexing.changed.connect(self._scans_stand)
        self.ground.unfinished.add_act(self.tr("Go on"), self.scanning.scan, icon="arrows-clockwise")
        self.ground.damaged.add_act(self.tr("Scan now"), self.scanning.scan, icon="arrows-clockwise")
        self.scanning.moved.connect(lambda *_: self._scans_stand())
        self._scans_stand()
        self.info.toggled.connect(self.inspecting.open)
        self.saving.said.connect(self.said)
        self.tagging.said.connect(self.said)
        self.saving.failed.connect(self._tell)
        self.query.wants_file.connect(self._choose_example)
        self.query.folders.connect(self.scanning.add)
        self.table.menu.connect(self._row_menu)
        self.folders.add.connect(self.choose_folder)
        self.folders.scan.connect(self.scanning.scan)
        self.folders.failures.connect(self.show_failures)
        self.folders.menu.connect(lambda place, at: self._folder_menu(place, at))
        self.ground.nothing.scan.connect(self.scanning.scan)
        self.empty.add.connect(self.choose_folder)
        self.empty.made.connect(self.scanning.add_made_sounds)
        self.empty.cancelled.connect(self.scanning.cancel)
        self.scanning.moved.connect(self.empty.show_scan)
        self.scanning.changed.connect(self._library_changed)
        self.scanning.said.connect(self.said)
        self.scanning.failed.connect(self._tell)
        self.query.field.textChanged.connect(self.player.hints.place)
        self.player.similar.connect(self.find_similar)
        self.hearing.said.connect(self.said)
        self.every(LOOK_MS, self._look)
        for entry, slot in (
                ("add", self.choose_folder), ("scan", self.scanning.scan), ("next", lambda: self._step(1)),
                ("previous", lambda: self._step(-1)), ("stop", self.hearing.stop),
                ("replay", self.hearing.replay), ("pause", self.hearing.pause), ("span", self.hearing.play_span),
                ("loop", self.player.loop.toggle), ("similar", self.find_similar),
                ("locate", self._locate), ("inspect", self._inspect), ("less", self.leave_out_chosen),
                ("save", self.saving.save), ("tag", self.tagging.show_panel),
                ("recent", self.saving.show_history), ("clear", self._escape)):
            self.bind(f"library.{entry}", slot)

    def _folder_menu(self, place: Place, at: QPoint) -> None:
        folder_menu(self, place, self.scanning, self.remove_folder, at)
