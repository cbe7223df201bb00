"""How far a map can be trusted: three measures and a sentence."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from gui.pages.map.parameters import NAMES
from gui.theme import Theme
from gui.widgets.controls import Bar, Icon, Text


class TrustSection(QWidget):
    """Trustworthiness and continuity (Venna & Kaski 2001), and the neighbours that are kept."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 12)
        column.setSpacing(8)
        head = QHBoxLayout()
        head.addWidget(Text(theme, self.tr("How far to trust this map"), "small", "text3", 600))
        head.addStretch(1)
        about = Icon(theme, "info", "text3")
        about.setToolTip(self.tr(
            "Trustworthiness falls when points that are strangers lie side by side on the map. Continuity falls when "
            "neighbours were torn apart. Neighbours kept is the share of the nearest ones that are still nearest."))
        head.addWidget(about)
        column.addLayout(head)
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(5)
        grid.setColumnStretch(1, 1)
        self._rows: list[tuple[Text, Bar, Text]] = []
        for i, name in enumerate((self.tr("Trustworthiness"), self.tr("Continuity"), self.tr("Neighbours kept"))):
            row = (Text(theme, name), Bar(theme, name), Text(theme, "", weight=600))
            row[2].setMinimumWidth(34)
            row[2].setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            for j, widget in enumerate(row):
                grid.addWidget(widget, i, j)
            self._rows.append(row)
        column.addLayout(grid)
        self.sentence = Text(theme, "", "small", "text2", wrap=True)
        column.addWidget(self.sentence)

    def show_nothing(self, method: str, seen: str | None, running: bool) -> None:
        """There is no map by the chosen method yet. seen: the method of the one that is shown instead, None where none is."""
        new, old = NAMES[method], NAMES.get(seen or "", "")
        if seen is None:
            why = self.tr("It is being drawn.") if running else self.tr("Nothing is drawn by {} yet.").format(new)
        elif seen == method:
            why = (self.tr("It is being drawn anew. Until then you see what was there before.") if running
                   else self.tr("What there is has changed since this was drawn."))
        else:
            why = (self.tr("{new} is being drawn. Until then you see {old}.") if running
                   else self.tr("Nothing is drawn by {new} yet. You see {old}.")).format(new=new, old=old)
        for name, bar, text in self._rows:
            bar.set(0.0)
            text.setText("–")
            if bar is self._rows[2][1]:
                name.setText(self.tr("Neighbours kept"))
        self.sentence.setText(why)

    def show_map(self, projected: Any) -> None:
        quality = projected.quality
        values = (quality.trustworthiness, quality.continuity, quality.neighbours_kept)
        for (name, bar, text), value in zip(self._rows, values, strict=True):
            bar.set(value or 0.0)
            text.setText("–" if value is None else f"{value:.2f}")
            if bar is self._rows[2][1]:
                name.setText(self.tr("Neighbours kept, {}").format(quality.k))
        if all(value is None for value in values):
            self.sentence.setText(self.tr("There are too few points to tell."))
        elif projected.method == "pca":
            share = sum((projected.variance or ())[:2]) * 100
            self.sentence.setText(self.tr("Two axes hold {} % of the variance. The numbers on the lines are "
                                          "measured in all dimensions.").format(f"{share:.0f}"))
        elif projected.method == "tsne":
            self.sentence.setText(self.tr("Distances between groups and their sizes mean little here. Points side by "
                                          "side are truly near."))
        else:
            self.sentence.setText(self.tr("Gaps between clusters mean little here. Points inside one are truly near."))
