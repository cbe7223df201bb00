"""Ctrl+K lists what can be done, under whatever word somebody may look for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from engine.encoders.added import probe_joint
from engine.errors import EncoderError
from gui.actions import TABLE
from gui.audition import Audition
from gui.context import Context
from gui.jobs import Jobs
from gui.pages.settings.add_model import AddModel
from gui.pages.settings.appearance import AppearanceSection
from gui.pages.settings.page import SettingsPage
from gui.theme import Theme
from gui.window import PAGES, MainWindow
from tests.gui.fakes import FakeEarmark, FakePlayer


@pytest.fixture
def window(app: FakeEarmark, theme: Theme, jobs: Jobs, qtbot: QtBot) -> MainWindow:
    made = MainWindow(app, theme, jobs, Audition(jobs, app.settings, lambda *_: FakePlayer()))  # type: ignore[arg-type]
    qtbot.addWidget(made)
    made.show()
    made.show_page("live")
    return made


@pytest.mark.parametrize(("typed", "found"), [
    ("theme", "Use the dark theme"), ("model", "Go to Models"), ("privacy", "Go to Privacy"),
    ("shortcut", "Go to Shortcuts"), ("delete", "Remove the voice…"), ("delete all", "Forget everything…"),
    ("encrypt", "Go to Privacy"), ("export", "Export voices…"), ("volume", "Go to Audio"), ("exit", "Quit Earmark")])
def test_what_people_look_for_is_found(window: MainWindow, typed: str, found: str) -> None:
    palette = window.show_commands()
    palette.field.setText(typed)
    assert found in palette.shown_words()


def test_what_is_called_so_is_chosen_before_what_is_found_so(window: MainWindow) -> None:
    palette = window.show_commands()
    palette.field.setText("light th")
    item = palette.list.currentItem()
    assert item is not None and item.text() == "Use the light theme"


def test_every_action_is_listed_and_bound_by_its_page(window: MainWindow, jobs: Jobs, qtbot: QtBot) -> None:
    for page in PAGES:
        window.show_page(page)
    assert [entry.id for entry in TABLE if window.actions_table.action(entry.id) is None] == []
    assert len(window.show_commands().shown_words()) == len(TABLE) - 1  # all but the palette itself
    qtbot.waitUntil(lambda: not jobs.running, timeout=20_000)


def test_sections_and_acts_of_settings_are_reached_from_another_page(window: MainWindow, app: FakeEarmark, theme: Theme,
                                                                     jobs: Jobs, qtbot: QtBot) -> None:
    palette = window.show_commands()
    palette.field.setText("Go to Shortcuts")
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    page = window.pages["settings"]
    assert isinstance(page, SettingsPage) and window.current == "settings" and page.section is page.sections["shortcuts"]
    window.do("settings.appearance")
    window.do("theme.light")
    section = page.sections["appearance"]
    assert isinstance(section, AppearanceSection)
    assert not theme.dark and app.settings.value.theme == "light" and section.mode.value == "light"
    window.do("settings.forget")
    box = page.findChild(QMessageBox)
    assert box is not None and box.defaultButton().text() == "Cancel" and page.section is page.sections["privacy"]
    box.reject()
    window.do("settings.add")
    assert page.section is page.sections["models"]
    qtbot.waitUntil(lambda: not jobs.running, timeout=20_000)
    assert not app.forgotten


def test_a_file_that_is_no_model_is_called_by_its_name(tmp_path: Path) -> None:
    file = tmp_path / "holiday.wav"
    file.write_bytes(b"RIFF")
    with pytest.raises(EncoderError, match=r"“holiday\.wav” is no model"):
        probe_joint(file, "cpu")


def test_what_was_said_of_a_model_goes_when_kind_or_source_change(context: Context, qtbot: QtBot) -> None:
    form = AddModel(context)
    qtbot.addWidget(form)
    form.show()
    for change in (lambda: form.kind.setCurrentIndex(1 - form.kind.currentIndex()), lambda: form.source.setText("other")):
        form._failed(EncoderError("“holiday.wav” is no model."))
        assert form.notice.isVisible()
        change()
        assert not form.notice.isVisible()
