"""A map as a picture; as a table it is written by engine.projection.export."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QWidget

from gui.widgets.projection_plot import ProjectionPlot

PICTURE_SCALE = 2  # pixels of a PNG for each on the screen
FORMATS = ("png", "svg", "csv", "json")


def save_png(plot: ProjectionPlot, path: Path) -> bool:
    """False where the file could not be written."""
    pixmap = QPixmap(plot.size() * PICTURE_SCALE)
    pixmap.setDevicePixelRatio(PICTURE_SCALE)
    QWidget.render(plot, pixmap)
    return pixmap.save(str(path), "PNG")


def save_svg(plot: ProjectionPlot, path: Path) -> bool:
    """Raises OSError where the file cannot be made."""
    from PySide6.QtSvg import QSvgGenerator

    path.open("wb").close()  # Qt only warns on the console
    generator = QSvgGenerator()
    generator.setFileName(str(path))
    size: QSize = plot.size()
    generator.setSize(size)
    generator.setViewBox(plot.rect())
    painter = QPainter()
    if not painter.begin(generator):
        return False
    plot.paint_shapes(painter)
    return painter.end()
