"""A map as a picture, and pictures and tables written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QSize
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QWidget

from engine.files import write_whole
from engine.projection import export
from engine.records import MapPoint
from engine.texts import xml
from gui.widgets.projection_plot import ProjectionPlot

if TYPE_CHECKING:
    from engine.projection.maps import ProjectedMap

PICTURE_SCALE = 2  # pixels of a PNG for each on the screen
FORMATS = ("png", "svg", "csv", "json")


def png(plot: ProjectionPlot) -> bytes:
    """The bytes of a .png file; none where it cannot be drawn."""
    pixmap = QPixmap(plot.size() * PICTURE_SCALE)
    pixmap.setDevicePixelRatio(PICTURE_SCALE)
    QWidget.render(plot, pixmap)
    content = QBuffer()
    return bytes(content.data().data()) if pixmap.save(content, "PNG") else b""  # type: ignore[call-overload]


def written(path: Path, picture: bytes, shown: ProjectedMap, points: tuple[MapPoint, ...]) -> bool:
    """Write a picture, or where there is none a table in the format of the suffix; whether that worked. A disk takes its time."""
    try:
        if picture:
            write_whole(path, picture)
        else:
            export.write(path, shown, points)
    except OSError:
        return False
    return True


def svg(plot: ProjectionPlot) -> bytes:
    """The bytes of an .svg file; none where it cannot be drawn."""
    from PySide6.QtSvg import QSvgGenerator

    content = QBuffer()
    generator = QSvgGenerator()
    generator.setOutputDevice(content)
    size: QSize = plot.size()
    generator.setSize(size)
    generator.setViewBox(plot.rect())
    painter = QPainter()
    if not painter.begin(generator):
        return b""
    plot.paint_shapes(painter)
    painter.end()
    return xml(bytes(content.data().data()))


PICTURES = {"png": png, "svg": svg}
