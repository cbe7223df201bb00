"""The window: pages, rail, status bar, commands, models that are missing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

import gui.window
from engine.errors import EncoderError, FetchError
from engine.tasks import Ticket
from gui.app import display_missing
from gui.audition import Audition
from gui.jobs import Jobs
from gui.pages.base import Page
from gui.theme import Theme
from gui.window import PAGES, MainWindow
from tests.gui.fakes import FakeEarmark, FakePlayer


class Blank(Page):
    """A page that remembers what happened to it."""

    @property
    def title(self) -> str:
        return "Blank"

    def refresh(self) -> None:
        self.life = [*getattr(self, "life", []), "shown"]

    def hidden(self) -> None:
        super().hidden()
        self.life.append("hidden")

    def open(self, what: object) -> None:
        self.opened = what


@pytest.fixture
def window(app: FakeEarmark, theme: Theme, jobs: Jobs, qtbot: QtBot,
           monkeypatch: pytest.MonkeyPatch) -> Iterator[MainWindow]:
    monkeypatch.setattr(gui.window, "page_class", lambda page: Blank)
    made = MainWindow(app, theme, jobs, Audition(jobs, app.settings, lambda *_: FakePlayer()))  # type: ignore[arg-type]
    qtbot.addWidget(made)
    made.resize(1440, 900)
    made.show()
    qtbot.waitExposed(made)
    made.show_page("live")
    yield made
    made.close()


def test_pages_are_made_when_they_are_first_asked_for(window: MainWindow) -> None:
    assert list(window.pages) == ["live"]
    window.show_page("map")
    assert list(window.pages) == ["live", "map"]
    assert window.pages["live"].life == ["shown", "hidden"]  # type: ignore[attr-defined]


def test_ctrl_and_a_number_goes_to_a_page(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(window, Qt.Key.Key_3, Qt.KeyboardModifier.ControlModifier)
    assert window.current == "library" and window.rail.tiles["library"].on and not window.rail.tiles["live"].on


def test_the_command_palette_finds_and_does(window: MainWindow, qtbot: QtBot) -> None:
    palette = window.show_commands()
    qtbot.keyClicks(palette.field, "go map")
    assert palette.shown_words() == ["Go to Map"]
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert window.current == "map"


def test_ctrl_f_goes_to_the_query_of_the_library(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert window.current == "library" and window.pages["library"].opened == "query"  # type: ignore[attr-defined]


def test_models_load_behind_the_window(window: MainWindow, qtbot: QtBot) -> None:
    assert window.status.value("voice") == "loading…"
    window.warm()
    qtbot.waitUntil(lambda: window.status.value("device") != "")
    assert window.status.value("voice") == "GE2E d-vector 0.1.4 · 256-d"
    assert window.status.value("joint") == "compact 1.0 · 521-d"
    assert window.notice.isHidden() or not window.notice.isVisible()


def test_an_added_voice_encoder_has_its_own_name_in_the_status_bar(window: MainWindow, qtbot: QtBot) -> None:
    window.app.settings.change(voice="resnet34")
    window.warm()
    qtbot.waitUntil(lambda: window.status.value("device") != "")
    assert window.status.value("voice") == "resnet34 0.1.4 · 256-d"


def test_missing_models_are_offered_and_fetched(window: MainWindow, app: FakeEarmark, qtbot: QtBot) -> None:
    app.weights.states["minilm"] = "missing"
    window.warm()
    qtbot.waitUntil(window.notice.isVisible)
    assert window.fetch_button.text() == "Fetch 84 MB" and "all-MiniLM-L6-v2" in window.notice.sentence.text()
    qtbot.mouseClick(window.fetch_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not window.notice.isVisible())
    assert app.weights.fetched == [["minilm"]]


def test_a_voice_encoder_that_is_not_in_use_need_not_be_there(window: MainWindow, app: FakeEarmark, qtbot: QtBot) -> None:
    app.weights.states["campplus"] = "missing"
    window.warm()
    qtbot.waitUntil(lambda: "voice" in app.models.ready)
    assert not window.notice.isVisible()
    app.settings.change(voice="campplus")
    window.warm()
    qtbot.waitUntil(window.notice.isVisible)
    assert "CAM++" in window.notice.sentence.text()


def test_models_of_one_package_are_fetched_once_and_without_turns_voices_are_known(window: MainWindow, app: FakeEarmark,
                                                                                   qtbot: QtBot) -> None:
    app.weights.states["segmentation"] = "missing"
    window.warm()
    qtbot.waitUntil(window.notice.isVisible)
    assert window.fetch_button.text() == "Fetch 81 MB" and "who spoke when" in window.notice.sentence.text()
    qtbot.waitUntil(lambda: "voice" in app.models.ready)
    app.settings.change(voice="campplus")
    app.weights.states["campplus"] = "missing"
    window.warm()
    qtbot.waitUntil(lambda: "CAM++" in window.notice.sentence.text())
    assert window.fetch_button.text() == "Fetch 81 MB"


def test_a_failed_fetch_says_so_and_can_be_tried_again(window: MainWindow, app: FakeEarmark, qtbot: QtBot) -> None:
    app.weights.states["ge2e"] = "missing"
    app.weights.fail = FetchError("There is no network.")
    window.warm()
    qtbot.waitUntil(window.notice.isVisible)
    window.fetch_models()
    qtbot.waitUntil(lambda: window.notice.sentence.text() == "There is no network.")
    assert window.fetch_button.isEnabled() and window.fetch_button.text() == "Try again"


def test_a_pending_change_goes_on_behind_the_window(window: MainWindow, app: FakeEarmark, qtbot: QtBot) -> None:
    app.settings.change(joint_next="bridge")
    app.library.hold.set()
    window.warm()
    qtbot.waitUntil(lambda: "Indexing for bridge · 0 of 15" in window.status.progress.words.text())
    app.library.hold.clear()
    qtbot.waitUntil(lambda: app.settings.value.joint == "bridge")
    qtbot.waitUntil(lambda: window.status.value("joint").startswith("bridge"))
    assert window.toast.words.text() == "The library is searched with bridge from now on."


def test_nothing_is_scanned_without_need(window: MainWindow, app: FakeEarmark, jobs: Jobs, qtbot: QtBot) -> None:
    window.warm()
    qtbot.waitUntil(lambda: window.status.value("device") != "" and jobs.running == [])
    assert app.library.scans == 0


def test_a_lost_encoder_is_said_with_a_way_out(window: MainWindow, app: FakeEarmark, jobs: Jobs, qtbot: QtBot,
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    spec = app.models.spec

    def lost(*_: object) -> None:
        raise EncoderError("There is no encoder “clap”.")

    monkeypatch.setattr(app.models, "joint", lost)
    monkeypatch.setattr(app.models, "spec", lambda kind: lost() if kind == "joint" else spec(kind))
    app.settings.change(joint="clap")
    app.lost["clap"] = "“clap” is not on the list of added models any more."
    window.warm()
    qtbot.waitUntil(window.lost.isVisible)
    assert "not on the list" in window.lost.sentence.text() and window.status.value("joint") == "not loaded"
    assert window.status.value("voice") == "GE2E d-vector 0.1.4 · 256-d"
    monkeypatch.undo()
    qtbot.mouseClick(window.lost.fallback, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.status.value("joint").startswith("compact"))
    qtbot.waitUntil(lambda: not window.lost.isVisible())


def test_a_lost_voice_encoder_is_said_with_a_way_out(window: MainWindow, app: FakeEarmark, jobs: Jobs, qtbot: QtBot,
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    def lost() -> None:
        raise EncoderError("The file of “studio” is not at “/x/studio.onnx” any more. Put it back, or use another encoder: "
                           "python main.py models use ge2e")

    monkeypatch.setattr(app.models, "voice", lost)
    app.settings.change(voice="studio")
    window.warm()
    qtbot.waitUntil(window.lost_voice.isVisible)
    assert window.lost_voice.title.text() == "“studio” cannot be used, so nobody is recognised."
    said = window.lost_voice.sentence.text()
    assert "not at “/x/studio.onnx” any more" in said and "are safe" in said and "python" not in said
    assert not window.toast.isVisible() and not window.lost.isVisible()
    window.lost_voice.settings.click()
    assert window.current == "settings" and window.pages["settings"].opened == "models"  # type: ignore[attr-defined]
    assert not window.lost_voice.isVisible()
    window.show_page("live")
    assert window.lost_voice.isVisible()
    monkeypatch.undo()
    window.lost_voice.again.click()
    qtbot.waitUntil(lambda: not window.lost_voice.isVisible())


def test_a_long_job_shows_in_the_status_bar_and_can_be_cancelled(window: MainWindow, jobs: Jobs, qtbot: QtBot) -> None:
    ended = []

    def work(ticket: Ticket) -> None:
        while True:
            ticket.report(12408, 31020, "", "× real time", 214)

    jobs.run(window, work, title="Indexing NAS – Loops", cancelled=lambda: ended.append(True))
    qtbot.waitUntil(lambda: "12,408 of 31,020 · 214 × real time" in window.status.progress.words.text())
    qtbot.mouseClick(window.status.progress.stop, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(ended))
    assert not window.status.progress.isVisible()


def test_a_narrow_window_leaves_the_words_of_the_rail_out(window: MainWindow) -> None:
    assert window.rail.width() == 76
    window.resize(1100, 700)
    assert window.rail.width() == 56 and window.rail.tiles["map"].toolTip() == "Map"


def test_an_open_microphone_shows_on_live(window: MainWindow) -> None:
    window.pages["live"].microphone.emit(True)
    assert window.rail.tiles["live"].dot


def test_geometry_is_remembered_in_the_workspace(window: MainWindow, app: FakeEarmark) -> None:
    window.close()
    assert (app.workspace / "window.ini").is_file()


def test_a_toast_makes_room_for_the_foot_of_the_page_that_is_shown(window: MainWindow) -> None:
    window.page("map").bottom_px = 130  # type: ignore[misc]
    window.say("The library is searched with compact from now on.")
    low = window.toast.y()
    window.show_page("map")
    assert window.toast.isVisible() and window.toast.y() == low - 130
    window.show_page("live")
    assert window.toast.y() == low


def test_the_theme_changes_by_command(window: MainWindow, app: FakeEarmark, theme: Theme) -> None:
    window.do("theme")
    assert not theme.dark and app.settings.value.theme == "light"
    window.do("theme")
    assert theme.dark


def test_without_a_display_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert "no display" in (display_missing() or "")
    monkeypatch.setenv("DISPLAY", ":0")
    assert display_missing() is None


def test_the_window_imports_nothing_heavy() -> None:
    code = ("import sys, gui.app, gui.pages.library, gui.pages.settings; "
            "print([m for m in ('torch','torchaudio','sklearn','umap','sounddevice','scipy') if m in sys.modules])")
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


class StrayWindows(QObject):
    """Notes every window that comes up and is neither the main window nor something that lies over it."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.window, self.seen = window, list[str]()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
            over = watched.windowType() in (Qt.WindowType.Dialog, Qt.WindowType.Popup, Qt.WindowType.ToolTip)
            if watched is not self.window and not over:
                self.seen.append(f"{type(watched).__name__} “{watched.accessibleName()}”")
        return False


@pytest.mark.parametrize("empty", [False, True])
def test_no_part_of_a_page_is_shown_as_a_window_of_its_own(app: FakeEarmark, theme: Theme, jobs: Jobs, qtbot: QtBot,
                                                           qapp: QApplication, empty: bool) -> None:
    """A widget that is shown before it has a parent flashes at the top left of the screen."""
    if empty:
        app.voices = type(app.voices)(empty=True)
        app.library = type(app.library)(app.workspace, empty=True)
    made = MainWindow(app, theme, jobs, Audition(jobs, app.settings, lambda *_: FakePlayer()),  # type: ignore[arg-type]
                      remember=False)
    qtbot.addWidget(made)
    stray = StrayWindows(made)
    qapp.installEventFilter(stray)
    made.show()
    for page in PAGES:
        made.show_page(page)
        qtbot.waitUntil(lambda: not jobs.running, timeout=10_000)
    for what in ("umap", "tsne"):
        made.page("map").bar.methods.choose(what)  # type: ignore[attr-defined]
    for section in made.page("settings").sections:  # type: ignore[attr-defined]
        made.show_page("settings", section)
    qtbot.waitUntil(lambda: not jobs.running, timeout=10_000)
    qapp.removeEventFilter(stray)
    assert len(made.pages) == len(PAGES)
    assert not stray.seen
    made.close()
