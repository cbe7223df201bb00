"""Widgets that keep a picture of themselves paint it once, at every scale of the display."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

SCRIPT = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from engine.records import MapPoint, Span, Turn
from gui.theme import Theme
from gui.widgets.projection_plot import ProjectionPlot
from gui.widgets.timeline import Timeline

app = QApplication([])
theme = Theme("dark", reduced_motion=True)
painted = []

class Plot(ProjectionPlot):
    def drawBackground(self, painter, rect):
        painted.append(self)
        super().drawBackground(painter, rect)

class Line(Timeline):
    def _paint_picture(self, painter):
        painted.append(self)
        super()._paint_picture(painter)

plot, line = Plot(theme, "large", "plot"), Line(theme)
plot.set_points([MapPoint(str(i), str(i), "sound", i, i % 7, i, "a", 1) for i in range(50)])
line.set_turns([Turn("Amara", "match", Span(0, 4)), Turn(None, "unknown", Span(4, 9))], 10, {"Amara": 0})
counted = []
for widget, view in ((plot, plot.viewport()), (line, line)):
    for width in (451, 452, 453, 454):  # at least three of them are no whole number of pixels at 125 %
        widget.resize(width, 333)
        widget.show()
        for _ in range(5):
            app.processEvents()
        before = len(painted)
        for _ in range(5):
            view.repaint()
        counted.append(len(painted) - before)
    assert painted.count(widget) >= 4, "it was not painted at all"
print(view.devicePixelRatioF(), max(counted), sum(counted))
"""


@pytest.mark.parametrize("scale", ["1", "1.25", "1.5", "2"])
def test_a_repaint_copies_the_picture_that_is_there(scale: str) -> None:
    said = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=120, check=True,
                          env={**os.environ, "QT_SCALE_FACTOR": scale, "QT_QPA_PLATFORM": "offscreen"})
    ratio, most, together = said.stdout.split()
    assert float(ratio) == float(scale)
    assert (int(most), int(together)) == (0, 0)
