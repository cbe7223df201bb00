"""SIGTERM and Ctrl+C close the window, wherever in it Python runs in that moment, and the workspace with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import os, signal, sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QMessageBox
import main
from engine.app import Earmark
from gui.window import MainWindow

where, which, told = sys.argv[1], signal.Signals[sys.argv[2]], []
sys.argv = ["main.py", "--workspace", sys.argv[3]]

def tell():
    if not told:
        told.append(where)
        os.kill(os.getpid(), which)
        sum(range(100_000))

class Dying:
    def __del__(self):
        tell()

class Painted(MainWindow):
    def paintEvent(self, event):
        if where == "while it paints":
            tell()
        super().paintEvent(event)

    def _open_first(self):
        super()._open_first()
        if where == "where nobody hears of exceptions":
            QTimer.singleShot(100, Dying)
        elif where == "while it asks":
            box = QMessageBox(self)
            QTimer.singleShot(100, tell)
            QTimer.singleShot(0, box.exec)

    def warm(self):
        pass

    def closeEvent(self, event):
        print("asked to close")
        super().closeEvent(event)

def close(self, before=Earmark.close):
    before(self)
    print("workspace closed")

import gui.app
gui.app.MainWindow, Earmark.close = Painted, close
sys.exit(main.main())
"""


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")
@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("where", ["while it paints", "where nobody hears of exceptions", "while it asks"])
def test_a_signal_closes_the_window_as_its_x_does(tmp_path: Path, where: str, which: signal.Signals) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, where, which.name, str(tmp_path / "Studio")], capture_output=True,
                          text=True, timeout=60, check=False, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"})
    assert done.stdout.split("\n")[:2] == ["asked to close", "workspace closed"], done.stderr
    assert done.returncode == 0 and "KeyboardInterrupt" not in done.stderr
