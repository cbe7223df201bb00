"""Before there is a window: why the program cannot start is shown whole, and broken settings are the user's choice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMessageBox

import main
from engine.app import Earmark
from engine.errors import Busy, SettingsBroken, StoreError
from engine.settings import SettingsFile
from gui import app as program
from gui.words import breakable

BROKEN = "version = 3\nvolume_db = -6,0\n"
SHOWN = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QLabel
from engine.errors import Busy
from gui import app as program

qt = program.application()

def look():
    box = next(w for w in qt.topLevelWidgets() if w.isVisible())
    label = box.findChild(QLabel, "qt_msgbox_label")
    needed = label.fontMetrics().boundingRect(0, 0, label.width(), 10_000, 0x1000 if label.wordWrap() else 0, label.text())
    print(qt.primaryScreen().size().width(), needed.width() <= label.width(), needed.height() <= label.height())
    box.close()

QTimer.singleShot(500, look)
program.refuse(Busy(Path("/") / sys.argv[1], 4711))
"""


@pytest.mark.parametrize("name", ["never lost", "n", "never_opened_by_two_programs_at_the_same_time_whatever_happens_to_them"])
@pytest.mark.parametrize("width", [800, 1280, 2560])
def test_why_the_program_cannot_start_is_shown_whole_on_every_screen(tmp_path: Path, width: int, name: str) -> None:
    screen = {"name": "one", "x": 0, "y": 0, "width": width, "height": 800, "logicalDpi": 96, "logicalBaseDpi": 96, "dpr": 1}
    (tmp_path / "screens.json").write_text(json.dumps({"screens": [screen]}))
    done = subprocess.run([sys.executable, "-c", SHOWN, name], capture_output=True, text=True, timeout=120, check=True, env={
        **os.environ, "PYTHONPATH": os.pathsep.join(sys.path),
        "QT_QPA_PLATFORM": f"offscreen:configfile={tmp_path / 'screens.json'}"})
    assert done.stdout.split() == [str(width), "True", "True"]


def test_words_that_no_line_can_hold_may_be_broken_and_nothing_is_left_out() -> None:
    long = "/home/anna/" + "n" * 40
    assert breakable(f"It is {long}.").replace("\u200b", "") == f"It is {long}."
    assert "\u200b" in breakable(long)
    assert breakable("A sentence of usual words, and “a name”.") == "A sentence of usual words, and “a name”."


@pytest.fixture
def broken(tmp_path: Path) -> SettingsBroken:
    folder = tmp_path / "my <b>studio"
    Earmark(folder).close()
    (folder / "settings.toml").write_text(BROKEN)
    with pytest.raises(SettingsBroken) as caught:
        SettingsFile(folder / "settings.toml")
    return caught.value


def press(monkeypatch: pytest.MonkeyPatch, verb: str) -> list[str]:
    """The next box is answered by this button; returns what it says."""
    said: list[str] = []

    def answer(box: QMessageBox) -> None:
        said.extend((box.text(), box.informativeText(), box.defaultButton().text() if box.defaultButton() else ""))
        assert box.textFormat() == Qt.TextFormat.PlainText
        next((button for button in box.buttons() if button.text() == verb), box.buttons()[0]).click()

    monkeypatch.setattr(QMessageBox, "exec", answer)
    return said


def test_broken_settings_are_said_and_who_quits_finds_them_as_they_were(broken: SettingsBroken, qapp: QApplication,
                                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    said = press(monkeypatch, "Quit")
    assert not program.begin_anew(broken)
    assert "my <b>studio" in said[0]
    assert "settings.toml, line 2" in said[1] and "kept as settings.toml.broken" in said[1]
    assert said[2] == "Quit"
    assert broken.path.read_text() == BROKEN


def test_who_uses_the_usual_settings_keeps_the_old_file(broken: SettingsBroken, qapp: QApplication,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    broken.path.with_name("settings.toml.broken").write_text("from another time")
    said = press(monkeypatch, "Use the usual settings")
    assert program.begin_anew(broken)
    assert "kept as settings.toml.broken-2" in said[1]
    assert broken.path.with_name("settings.toml.broken-2").read_text() == BROKEN
    assert broken.path.with_name("settings.toml.broken").read_text() == "from another time"
    with Earmark(broken.path.parent) as app:
        assert app.settings.value.volume_db == -6.0


def test_where_the_old_file_cannot_be_kept_nothing_begins(broken: SettingsBroken, qapp: QApplication,
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> Path:
        raise StoreError("It cannot be put aside.")

    monkeypatch.setattr(program, "set_aside", refuse)
    said = press(monkeypatch, "Use the usual settings")
    assert not program.begin_anew(broken)
    assert said[3] == "It cannot be put aside."
    assert broken.path.read_text() == BROKEN


def test_a_name_in_a_refusal_is_no_markup(qapp: QApplication, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said = press(monkeypatch, "Close")
    assert program.refuse(Busy(tmp_path / "<b>Studio", 4711)) == 1
    assert "<b>Studio" in said[0]


def test_the_window_opens_after_the_choice_and_not_without_it(broken: SettingsBroken, qapp: QApplication,
                                                              monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[float] = []
    left: list[int] = []
    monkeypatch.setattr(program, "leave", left.append)  # it ends the process
    monkeypatch.setattr(program, "display_missing", lambda: None)
    monkeypatch.setattr(program, "run", lambda earmark: opened.append(earmark.settings.value.volume_db) or 0)
    press(monkeypatch, "Quit")
    assert main._window(broken.path.parent, "cpu") == 1
    assert opened == []
    press(monkeypatch, "Use the usual settings")
    main._window(broken.path.parent, "cpu")
    assert (opened, left) == ([-6.0], [0])
