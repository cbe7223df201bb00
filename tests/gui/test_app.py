"""Starting, refusing, and the pictures for the demo."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QMessageBox

from engine.audio import devices
from engine.errors import Busy, EarmarkError
from gui import app as program
from gui.theme import LIGHT
from tests.gui.fakes import FakeEarmark


@pytest.fixture(autouse=True)
def no_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "outputs", lambda rescan=False: [])
    monkeypatch.setattr(devices, "inputs", lambda rescan=False: [])


RUN = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from gui import app as program
from tests.gui.fakes import FakeEarmark

qt = program.application()

def close():
    window = next(w for w in qt.topLevelWidgets() if isinstance(w, program.MainWindow))
    print(window.isVisible(), window.current, window.rail.tiles["live"].on)
    window.close()

QTimer.singleShot(800, close)
code = program.run(FakeEarmark(Path(sys.argv[1])))
print(code, sys.excepthook is sys.__excepthook__)
"""


def test_the_program_runs_until_its_window_is_closed(tmp_path: Path) -> None:
    # in a process of its own: leaving an application ends the event loops of every test after it
    done = subprocess.run([sys.executable, "-c", RUN, str(tmp_path / "Studio")], capture_output=True, text=True,
                          timeout=120, check=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    assert done.stdout.split("\n")[:2] == ["True live True", "0 True"]


def test_a_busy_workspace_is_a_sentence_and_an_exit_code(monkeypatch: pytest.MonkeyPatch, qapp: QApplication,
                                                         tmp_path: Path) -> None:
    said: list[str] = []
    monkeypatch.setattr(QMessageBox, "exec", lambda box: said.append(box.text()))
    assert program.refuse(Busy(tmp_path / "Studio", 4711)) == 1
    assert "process 4711" in said[0] and "Studio" in said[0]


def test_a_fault_on_the_screen_is_logged_without_its_words(monkeypatch: pytest.MonkeyPatch,
                                                           caplog: pytest.LogCaptureFixture) -> None:
    said: list[str] = []
    name = "".join(["An", "na"])  # the frames quote lines of the program, here of this test
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    program._catch(SimpleNamespace(say=said.append))  # type: ignore[arg-type]
    try:
        raise KeyError(name)
    except KeyError as error:
        sys.excepthook(KeyError, error, error.__traceback__)
    assert "unhandled: KeyError" in caplog.text and "test_app.py" in caplog.text
    assert name not in caplog.text
    assert said and "went wrong" in said[0]


def test_a_picture_that_cannot_be_written_is_an_error_with_its_path(app: FakeEarmark, qapp: QApplication,
                                                                    tmp_path: Path) -> None:
    taken = tmp_path / "settings-dark-1280x800.png"
    taken.mkdir()
    with pytest.raises(EarmarkError, match=r"settings-dark-1280x800\.png cannot be written"):
        program.pictures(app, tmp_path, [program.Scene("settings", "settings")],  # type: ignore[arg-type]
                         sizes=((1280, 800),))


@pytest.mark.slow
def test_every_scene_has_its_picture_in_both_themes(app: FakeEarmark, qapp: QApplication, tmp_path: Path) -> None:
    scenes = [program.Scene("live", "live"), program.Scene("library", "found", "door slam")]
    written = program.pictures(app, tmp_path / "out", scenes, sizes=((1280, 800),))  # type: ignore[arg-type]
    assert [path.name for path in written] == [f"{name}-{mode}-1280x800.png" for name in ("live", "found")
                                               for mode in ("dark", "light")]
    for path in written:
        picture = QImage(str(path))
        assert (picture.width(), picture.height()) == (1280, 800)
    assert QImage(str(written[1])).pixelColor(20, 400).name().upper() == LIGHT.rail
    assert app.library.asked[-1][0] == "door slam"
