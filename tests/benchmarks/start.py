"""From the start of the process to a painted window, and the memory of the program: idle, and with 10,000 sounds.

Each figure is of a fresh process, offscreen; the workspace holds nothing, or 10,000 sounds of two spans each. "everything
loaded" is after the window has loaded all encoders behind itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import ROOT, median, table

CHILD = """
import json, os, sys, time
began = float(os.environ["EARMARK_BEGAN"])
from PySide6.QtCore import QEvent, QObject, QTimer
import PySide6.QtWidgets as widgets
facts = {}
class Watch(QObject):
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint and "painted_s" not in facts and widgets.QApplication.activeWindow() is not None:
            facts["painted_s"] = time.time() - began
            facts["torch"] = "torch" in sys.modules
            QTimer.singleShot(0, later)
        return False
def rss():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
def later():
    facts["painted_mb"] = rss()
    if os.environ["EARMARK_WAIT"] == "0":
        return leave()
    ready.start(100)
def look():
    window = widgets.QApplication.activeWindow()
    if {"voice", "joint", "speech"} <= window.app.models.ready and not window.jobs.running:
        ready.stop()
        window.show_page("library")
        QTimer.singleShot(3000, leave)
def leave():
    facts["end_mb"] = rss()
    sys.stdout.write(json.dumps(facts))
    sys.stdout.flush()
    widgets.QApplication.quit()
ready = QTimer(); ready.timeout.connect(look)
watch = Watch()
start = widgets.QApplication.exec
def exec_(*_):
    return start()
original = widgets.QApplication.__init__
def init(self, *arguments):
    original(self, *arguments)
    self.installEventFilter(watch)
widgets.QApplication.__init__ = init
sys.argv = ["main.py", "--workspace", os.environ["EARMARK_WS"]]
import main
sys.exit(main.main())
"""


def run(workspace: Path, wait: bool) -> dict[str, float]:
    done = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, check=False, cwd=ROOT, timeout=180, env={
        **os.environ, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen", "EARMARK_BEGAN": str(time.time()),
        "EARMARK_WS": str(workspace), "EARMARK_WAIT": "1" if wait else "0"})
    if done.returncode or not done.stdout:
        raise SystemExit(f"the window did not start:\n{done.stderr[-2000:]}")
    return dict(json.loads(done.stdout))


def main() -> None:
    from search import fill

    from engine.app import Earmark

    with tempfile.TemporaryDirectory() as scratch:
        empty, full = Path(scratch) / "empty", Path(scratch) / "full"
        with Earmark(full) as app:
            fill(app, Path(scratch) / "sounds", 10_000)
        rows = []
        for name, workspace in (("empty workspace", empty), ("10,000 sounds", full)):
            first = run(workspace, wait=False)
            starts = [run(workspace, wait=False) for _ in range(5)]
            loaded = run(workspace, wait=True)
            assert not any(s["torch"] for s in starts), "torch was imported before the window was painted"
            rows.append([name, f"{first['painted_s']:.2f}", f"{median([s['painted_s'] for s in starts]):.2f}",
                         f"{median([s['painted_mb'] for s in starts]):.0f}", f"{loaded['end_mb']:.0f}"])
    print(table(["workspace", "window painted, first start, s", "again (median of 5), s", "memory when painted, MB",
                 "memory, everything loaded and the Library shown, MB"], rows))


if __name__ == "__main__":
    main()
