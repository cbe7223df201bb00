"""Signals that outlive the widgets that listen to them: the theme's, the jobs', the player's, the encoder's change.

A lambda that is connected to one of them is kept, with all that it closes over, and called when its widget is gone.
"""

from __future__ import annotations

import ast
import gc
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from gui.audition import Audition
from gui.context import Context
from gui.jobs import Jobs
from gui.pages.library.failures import FailuresDialog
from gui.pages.live.session import LiveSession
from gui.pages.settings.add_model import AddModel
from gui.pages.settings.changeover import Changeover
from gui.pages.settings.page import SettingsPage
from gui.reindexing import Reindexing
from gui.theme import Theme
from gui.unlock import UnlockDialog
from gui.widgets import controls
from gui.widgets.picker import Choice, Picker
from gui.window import PAGES, MainWindow
from tests.gui.conftest import delete_now
from tests.gui.fakes import FakeEarmark, FakePlayer

GUI = Path(__file__).parents[2] / "gui"
OUTLIVES = {"theme", "jobs", "_jobs", "audition", "session", "reindexing", "actions", "actions_table", "app"}


def connections(tree: ast.AST) -> Iterator[tuple[int, str, ast.expr]]:
    """Line, owner of the signal, and what is connected to it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "connect" and node.args:
            signal = node.func.value
            if isinstance(signal, ast.Attribute):
                yield node.lineno, ast.unparse(signal.value), node.args[0]


def test_nothing_but_methods_are_connected_to_signals_that_outlive_their_widget() -> None:
    found = 0
    for file in sorted(GUI.rglob("*.py")):
        for line, owner, slot in connections(ast.parse(file.read_text(encoding="utf-8"))):
            last = owner.split(".")[-1].split("(")[0]
            if last in OUTLIVES or owner.endswith((".of(self.context)", ".of(context)")):
                found += 1
                where = f"{file.relative_to(GUI)}:{line}"
                assert isinstance(slot, ast.Attribute), f"{where} keeps what {ast.unparse(slot)} closes over"
    assert found > 60


def made(theme: Theme, app: FakeEarmark, jobs: Jobs, context: Context, around: QWidget) -> list[Callable[[], QWidget]]:
    """Every widget that may come and go while the program runs."""
    choices = [Choice("a", "Alpha"), Choice("b", "Beta")]
    c = controls
    return [
        lambda: Picker(theme, "Pick", "Type", choices, print, 300, around), lambda: FailuresDialog(theme, [], around),
        lambda: UnlockDialog(app, theme, jobs, "keyring"),  # type: ignore[arg-type]
        lambda: c.message_box(theme, "Earmark", "Words", parent=around),
        lambda: c.question_box(around, theme, "Sure?", "It is gone.", "Remove")[0],
        lambda: c.SearchBox(theme, "Find"), lambda: c.Select(theme, "Choice", icon="cpu"), lambda: c.Button(theme, "Do", "plus"),
        lambda: c.IconButton(theme, "x", "Close"), lambda: c.Segmented(theme, [("a", "A"), ("b", "B")]),
        lambda: c.Chip(theme, "v"),
        lambda: c.NumberBox(theme, "Number", 0, 1, 0.1), lambda: c.Check(theme, "Tick"), lambda: c.PassphraseForm(theme),
        lambda: c.EmptyState(theme, "Nothing", "Yet."), lambda: c.Notice(theme, "Title"), lambda: c.Details(theme, "raw"),
        lambda: c.ErrorPanel(theme, "warning", "Title", "Words"), lambda: c.ProgressLine(theme, "Title"),
        lambda: c.Toast(theme, around), lambda: c.Badge(theme, "on", "ok"), lambda: c.Bar(theme, "Bar", 0.5),
        lambda: c.Panel(theme, "Title"), lambda: c.Icon(theme, "cpu"), lambda: c.ElidedText(theme, "Words"),
        lambda: c.KeyCap(theme, "R"), lambda: AddModel(context), lambda: Changeover(theme, Reindexing.of(context)),
        lambda: SettingsPage(context),
    ]


def say_everything(theme: Theme, jobs: Jobs, others: list[QObject]) -> None:
    """Fire every signal that outlives a page."""
    for mode in ("light", "dark"):
        theme.set_mode(mode)  # type: ignore[arg-type]
    jobs.changed.emit()
    for one in others:
        if isinstance(one, Reindexing):
            for signal, words in ((one.changed, ()), (one.moved, (None,)), (one.said, ("",)), (one.refused, ("", ""))):
                signal.emit(*words)
        if isinstance(one, Audition):
            one.changed.emit()
            one.moved.emit(1.0)


def test_a_widget_that_came_and_went_is_asked_nothing_when_the_theme_changes(
        theme: Theme, app: FakeEarmark, jobs: Jobs, context: Context, qtbot: QtBot) -> None:
    around = QWidget()
    qtbot.addWidget(around)
    around.show()
    with qtbot.captureExceptions() as wrong:
        for make in made(theme, app, jobs, context, around):
            one = make()
            one.show()
            QApplication.processEvents()
            one.close()
            one.deleteLater()
            delete_now()
            say_everything(theme, jobs, [Reindexing.of(context), context.audition])
            assert wrong == [], type(one).__name__
        qtbot.waitUntil(lambda: not jobs.running)
    assert wrong == []


def test_a_picker_that_was_closed_is_not_kept(theme: Theme, qtbot: QtBot) -> None:
    around = QWidget()
    qtbot.addWidget(around)
    picker = Picker(theme, "Pick", "Type", [Choice("a", "Alpha")], print, 300, around)
    there = weakref.ref(picker)
    picker.show()
    picker.close()
    picker.deleteLater()
    delete_now()
    del picker
    gc.collect()
    assert there() is None


@pytest.mark.slow
def test_a_window_with_all_its_pages_goes_and_nothing_of_it_is_asked_any_more(
        theme: Theme, app: FakeEarmark, jobs: Jobs, qtbot: QtBot) -> None:
    audition = Audition(jobs, app.settings, lambda name, volume_db: FakePlayer())  # type: ignore[arg-type]
    window = MainWindow(app, theme, jobs, audition, remember=False)  # type: ignore[arg-type]
    with qtbot.captureExceptions() as wrong:
        window.show()
        for page in PAGES:
            window.show_page(page)
            qtbot.waitUntil(lambda: not jobs.running, timeout=20_000)
        palette = window.show_commands()
        palette.close()
        delete_now()
        for page in window.pages.values():  # rows are built anew
            page.refresh()
        qtbot.waitUntil(lambda: not jobs.running, timeout=20_000)
        say_everything(theme, jobs, [window.reindexing, audition])
        session, reindexing = LiveSession.of(window.context), window.reindexing
        window.close()
        window.deleteLater()
        delete_now()
        say_everything(theme, jobs, [reindexing, audition])
        for signal in (session.changed, session.mapped, session.forgot):
            signal.emit()
        qtbot.wait(50)
    assert wrong == []
    audition.deleteLater()
