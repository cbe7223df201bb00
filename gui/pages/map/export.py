"""A map as a picture or as a table."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSize
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QWidget

from engine.records import MapPoint
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


def save_points(projected: Any, points: tuple[MapPoint, ...], path: Path) -> None:
    """CSV or JSON, by suffix; the JSON is that of `main.py map`. Raises OSError."""
    rows = [{"id": p.id, "label": p.label, "kind": p.kind, "x": p.x, "y": p.y} for p in points]
    if path.suffix.lower() == ".json":
        document = {"space": projected.space, "method": projected.method, "params": dict(projected.params),
                    "points": rows}
        path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, ["id", "label", "kind", "group", "x", "y"])
        table.writeheader()
        table.writerows({**row, "group": p.group} for row, p in zip(rows, points, strict=True))
