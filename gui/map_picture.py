"""A projection as a picture file, without the window: `map --out`, and the demo."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QBuffer, QEvent, QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QWidget

from engine.errors import EarmarkError
from engine.files import write_whole
from engine.projection.maps import OTHER, ProjectedMap
from engine.texts import xml
from gui.app import application
from gui.theme import Theme
from gui.widgets.projection_plot import AxisWords, ProjectionPlot
from gui.widgets.projection_plot.symbols import Mark, mark, paint_cross, paint_mark

PLOT = QSize(1200, 840)
HEAD_PX, FOOT_PX = 44, 60  # above the plot: what it is; below: what the marks mean
SCALE = 2  # pixels of a PNG for each on the screen
TITLES = {"pca": "PCA", "tsne": "t-SNE", "umap": "UMAP"}


def draw(shown: ProjectedMap, path: Path, dark: bool = True) -> None:
    """Write a map as .png or .svg with a title and a legend. Raises EarmarkError when the file cannot be written."""
    application()
    theme = Theme("dark" if dark else "light", reduced_motion=True)
    plot = ProjectionPlot(theme, "large", "plot")
    plot.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
    plot.resize(PLOT)
    plot.show()
    plot.set_points([p for p in shown.points if p.kind != "query"], _axes(shown), animate=False)
    for point in shown.points:
        if point.kind == "query":
            plot.move_query(0.0, point.x, point.y)
    plot.event(QEvent(QEvent.Type.LayoutRequest))
    plot.fit()
    whole = QSize(PLOT.width(), PLOT.height() + HEAD_PX + FOOT_PX)
    drawn = (_svg if path.suffix.lower() == ".svg" else _png)(shown, plot, theme, whole)
    plot.hide()
    plot.deleteLater()
    try:
        write_whole(path, drawn)
    except OSError as error:
        raise EarmarkError(f"{path} cannot be written: {error.strerror or error}.") from error


def _png(shown: ProjectedMap, plot: ProjectionPlot, theme: Theme, whole: QSize) -> bytes:
    image = QImage(whole * SCALE, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(SCALE)
    image.fill(QColor(theme.tokens.plot))
    painter = QPainter(image)
    QWidget.render(plot, painter, QPoint(0, HEAD_PX))
    _words(painter, shown, theme, whole)
    painter.end()
    return png_of(image)


def _svg(shown: ProjectedMap, plot: ProjectionPlot, theme: Theme, whole: QSize) -> bytes:
    content = QBuffer()
    generator = QSvgGenerator()
    generator.setOutputDevice(content)
    generator.setSize(whole)
    generator.setViewBox(QRectF(0, 0, whole.width(), whole.height()))
    painter = QPainter(generator)
    painter.fillRect(QRectF(0, 0, whole.width(), whole.height()), QColor(theme.tokens.plot))
    painter.save()
    painter.translate(0, HEAD_PX)
    plot.paint_shapes(painter)
    painter.restore()
    _words(painter, shown, theme, whole)
    painter.end()
    return xml(bytes(content.data().data()))


def png_of(image: QImage) -> bytes:
    """The bytes of a .png file."""
    content = QBuffer()
    if not image.save(content, "PNG"):  # type: ignore[call-overload]
        raise EarmarkError("The picture cannot be drawn.")
    return bytes(content.data().data())


def _axes(shown: ProjectedMap) -> AxisWords:
    if not shown.variance or len(shown.variance) < 2:
        return AxisWords()
    first, second = shown.variance[:2]
    return AxisWords(f"PC 1 · {first * 100:.0f} % of variance", f"PC 2 · {second * 100:.0f} %")


def _words(painter: QPainter, shown: ProjectedMap, theme: Theme, whole: QSize) -> None:
    """The title above and the legend below the plot."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QColor(theme.tokens.text1))
    painter.setFont(theme.font("title", 600))
    head = QRectF(20, 0, whole.width() - 40, HEAD_PX)
    name = "Voices" if shown.space == "voices" else "Sounds"
    painter.drawText(head, Qt.AlignmentFlag.AlignVCenter, f"{name} · {TITLES[shown.method]}")
    painter.setFont(theme.font("small"))
    painter.setPen(QColor(theme.tokens.text2))
    count = sum(p.kind in ("sample", "sound") for p in shown.points)
    seed = "" if shown.seed is None else f" · seed {shown.seed}"
    painter.drawText(head, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight,
                     f"{count} {'samples' if shown.space == 'voices' else 'sounds'}{seed}")
    metrics = QFontMetricsF(theme.font("small"))
    x, y = 20.0, whole.height() - FOOT_PX + 16.0
    for look, word in _legend(shown, theme):
        width = 22 + metrics.horizontalAdvance(word) + 18
        if x + width > whole.width() - 20:
            x, y = 20.0, y + 24
        at = QPointF(x + 8, y)
        if look is None:
            paint_cross(painter, at, 10, QColor(theme.tokens.accent), QColor(theme.tokens.plot), 3)
        else:
            paint_mark(painter, at, look, 11)
        painter.setPen(QColor(theme.tokens.text2))
        painter.drawText(QRectF(x + 22, y - 12, width, 24), Qt.AlignmentFlag.AlignVCenter, word)
        x += width


def _legend(shown: ProjectedMap, theme: Theme) -> list[tuple[Mark | None, str]]:
    """Marks with words; None stands for the ×."""
    found: list[tuple[Mark | None, str]] = []
    if shown.space == "voices":
        colour = next((p.colour for p in shown.points if p.kind == "sample"), 0)
        found = [(mark(theme, "sample", colour, "large"), "sample"), (mark(theme, "centroid", colour, "large"), "centroid")]
    else:
        groups = {p.colour: p.group for p in shown.points if p.kind == "sound"}
        found = [(mark(theme, "sound", colour), "other" if colour == OTHER else groups[colour] or "without a tag")
                 for colour in sorted(groups)]
    if any(p.kind == "query" for p in shown.points):
        found.append((None, "query"))
    return found
