"""The parameters of a method with their sliders, and what running it again costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from engine.tasks import Progress
from gui.actions import key_text
from gui.theme import Theme
from gui.widgets.controls import Bar, Button, KeyCap, NumberBox, ProgressLine, Select, Slider, Text


@dataclass(frozen=True)
class Number:
    """A parameter with a range; slider values are multiples of step."""

    name: str
    low: float
    high: float
    step: float
    value: float
    decimals: int = 0


SEED = Number("seed", 0, 9999, 1, 7)
NUMBERS: dict[str, tuple[Number, ...]] = {
    "pca": (),
    "tsne": (Number("perplexity", 2, 100, 1, 30), Number("iterations", 100, 2000, 50, 500), SEED),
    "umap": (Number("n_neighbors", 2, 100, 1, 15), Number("min_dist", 0, 0.99, 0.01, 0.1, 2), SEED),
}
METRICS = ("cosine", "euclidean")
NAMES = {"pca": "PCA", "tsne": "t-SNE", "umap": "UMAP"}


class MethodSection(QWidget):
    """run: with `params()`.    cancel: stop what runs.    changed: the user chose a parameter."""

    run = Signal()
    cancel = Signal()
    changed = Signal()

    def __init__(self, theme: Theme, seed: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme, self._seed = theme, seed
        self.method = ""
        self._filling = False
        self._shown: Any = None
        self._boxes: dict[str, NumberBox] = {}
        self._metric: Select | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 12)
        column.setSpacing(8)
        head = QHBoxLayout()
        self.title = Text(theme, "", "small", "text3", 600)
        self.took = Text(theme, "", "small", "text3")
        head.addWidget(self.title)
        head.addStretch(1)
        head.addWidget(self.took)
        column.addLayout(head)
        self._body = QVBoxLayout()
        self._body.setContentsMargins(0, 0, 0, 0)
        self._inner: QWidget | None = None
        column.addLayout(self._body)
        self.hint = Text(theme, "", "small", "text2", wrap=True)
        column.addWidget(self.hint)
        self.note = Text(theme, "", "small", "text2", wrap=True)
        self.note.hide()
        column.addWidget(self.note)
        again = QHBoxLayout()
        again.setSpacing(8)
        self.again = Button(theme, self.tr("Run again"), "arrows-clockwise")
        self.again.clicked.connect(self.run)
        again.addWidget(self.again)
        again.addWidget(KeyCap(theme, key_text("map.run")))
        again.addStretch(1)
        column.addLayout(again)
        self.progress = ProgressLine(theme, "", bar_px=90)
        self.progress.cancelled.connect(self.cancel)
        self.progress.hide()
        column.addWidget(self.progress)
        self._variance: list[tuple[Text, Bar, Text]] = []

    def params(self) -> dict[str, Any]:
        """What is set now, also what is still being typed."""
        for box in self._boxes.values():
            box.interpretText()
        return self._values()

    def _values(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for number in NUMBERS[self.method]:
            value = self._boxes[number.name].value()
            found[number.name] = value if number.decimals else int(value)
        if self._metric is not None:
            found["metric"] = self._metric.currentData()
        return found

    def show_method(self, method: str, values: Mapping[str, Any] | None = None) -> None:
        """Lay out the parameters of a method. values: what they are set to, otherwise the usual; None leaves them as they are."""
        if method != self.method:
            self.method = method
            self._shown = None
            self._lay_out()
        if values is not None:
            self._fill(values)
        self.title.setText(NAMES[method])
        self.hint.setText({
            "pca": "",
            "tsne": self.tr("Perplexity is about how many neighbours each point keeps. More keeps larger groups "
                            "together."),
            "umap": self.tr("More neighbours keep the overall shape. Fewer split fine clusters."),
        }[method])
        self.hint.setVisible(method != "pca")
        self._say_note()

    def show_result(self, projected: Any) -> None:
        """projected: the map that is shown, made by this method; None where none is."""
        self._shown = projected
        if projected is None:
            self.took.setText("")
        elif projected.method == "pca":
            self.took.setText(self.tr("placed at once, no refit"))
        else:
            self.took.setText(self.tr("last run {took} s · seed {seed}").format(
                took=f"{projected.took_s:.0f}" if projected.took_s >= 10 else f"{projected.took_s:.1f}",
                seed=projected.seed if projected.seed is not None else "–"))
        shares = () if projected is None else tuple(projected.variance or ())
        top = max(shares, default=1.0) or 1.0
        for i, (name, bar, value) in enumerate(self._variance):
            for widget in (name, bar, value):
                widget.setVisible(i < len(shares))
            if i < len(shares):
                bar.set(shares[i] / top)
                value.setText(f"{shares[i] * 100:.0f} %")
        self._say_note()

    def _fill(self, values: Mapping[str, Any]) -> None:
        self._filling = True
        try:
            for number in NUMBERS[self.method]:
                usual = self._seed if number.name == "seed" else number.value
                value = values.get(number.name)
                self._boxes[number.name].setValue(value if isinstance(value, int | float) else usual)
            if self._metric is not None:
                self._metric.setCurrentIndex(max(0, self._metric.findData(values.get("metric", METRICS[0]))))
        finally:
            self._filling = False

    def _edited(self) -> None:
        if not self._filling:
            self._say_note()
            self.changed.emit()

    def _say_note(self) -> None:
        """Where the map that is shown was made with other parameters than those that are set, or with less than was asked for."""
        sentences: list[str] = []
        if self._shown is not None:
            asked, used, now = self._shown.asked, self._shown.params, self._values()
            other = [f"{name} {asked[name]:g}" if isinstance(asked[name], int | float) else f"{name} {asked[name]}"
                     for name, value in now.items() if name in asked and asked[name] != value]
            if other:
                sentences.append(self.tr("This map was made with {}. Run again to use what is set here.").format(
                    ", ".join(other)))
            sentences += [self.tr("{name} was lowered to {value}: there are only {points} points.").format(
                name=name, value=f"{used[name]:.3g}", points=self._shown.fitted)
                for name in ("perplexity", "n_neighbors") if name in asked and used.get(name) != asked[name]]
        self.note.setText(" ".join(sentences))
        self.note.setVisible(bool(sentences))

    def show_progress(self, title: str, progress: Progress | None) -> None:
        """An empty title: nothing runs."""
        self.progress.setVisible(bool(title))
        self.again.setEnabled(not title)
        self.again.setToolTip(self.tr("It is running.") if title else "")
        if title:
            self.progress.set(title, progress)

    def _lay_out(self) -> None:
        if self._inner is not None:
            self._body.removeWidget(self._inner)
            self._inner.hide()
            self._inner.deleteLater()
        self._inner = QWidget()
        self._body.addWidget(self._inner)
        grid = QGridLayout(self._inner)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        self._boxes, self._metric, self._variance = {}, None, []
        for row, number in enumerate(NUMBERS[self.method]):
            self._add_number(grid, row, number)
        if self.method == "pca":
            for i in range(5):
                self._add_variance(grid, i)
        else:
            self._metric = Select(self.theme, self.tr("Metric"))
            for metric in METRICS:
                self._metric.add(metric, metric)
            self._metric.currentIndexChanged.connect(lambda _: self._edited())
            row = len(NUMBERS[self.method])
            grid.addWidget(Text(self.theme, self.tr("metric")), row, 0)
            grid.addWidget(self._metric, row, 1, 1, 2)

    def _add_number(self, grid: QGridLayout, row: int, number: Number) -> None:
        value = self._seed if number.name == "seed" else number.value
        box = NumberBox(self.theme, number.name, number.low, number.high, number.step, number.decimals, value, width=52)
        box.setFixedHeight(26)
        self._boxes[number.name] = box
        box.valueChanged.connect(lambda _: self._edited())
        grid.addWidget(Text(self.theme, number.name), row, 0)
        if number.name == "seed":
            grid.addWidget(box, row, 2)
            return
        slider = Slider(number.name, round(number.low / number.step), round(number.high / number.step),
                        round(value / number.step))
        grid.addWidget(slider, row, 1)
        grid.addWidget(box, row, 2)
        slider.valueChanged.connect(lambda at, b=box, n=number: b.setValue(at * n.step))

        def follow(new: float) -> None:
            with QSignalBlocker(slider):
                slider.setValue(round(new / number.step))

        box.valueChanged.connect(follow)

    def _add_variance(self, grid: QGridLayout, i: int) -> None:
        parts = (Text(self.theme, self.tr("PC {}").format(i + 1)),
                 Bar(self.theme, self.tr("Variance of component {}").format(i + 1)), Text(self.theme, ""))
        parts[2].setMinimumWidth(38)
        parts[2].setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for column, widget in enumerate(parts):
            grid.addWidget(widget, i, column)
            widget.hide()
        self._variance.append(parts)
