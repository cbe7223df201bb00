"""Below the query: words to try, or the minus term that was meant."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from engine.records import Sound
from gui.theme import Theme
from gui.widgets.controls import Chip, Text

SUGGESTIONS = 5
NEVER_SUGGESTED = {"silence"}


class QueryLine(QWidget):
    """suggested(words): one of those was pressed. left_out(rest, what): the minus term that was offered is wanted."""

    suggested = Signal(str)
    left_out = Signal(str, str)

    def __init__(self, theme: Theme, after: Callable[[], QWidget] | None = None, parent: QWidget | None = None) -> None:
        """after: what has the keyboard before the chips."""
        super().__init__(parent)
        self.theme, self._after = theme, after
        self.setFixedHeight(24)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self._words: list[str] = []
        self._hint: tuple[str, str] | None = None
        self._label = Text(theme, "", "small", "text3")
        row.addWidget(self._label)
        row.addSpacing(8)
        self._row = QHBoxLayout()
        self._row.setSpacing(8)
        row.addLayout(self._row)
        row.addStretch(1)
        self._show()

    def show_suggestions(self, words: list[str]) -> None:
        if words != self._words:
            self._words = list(words)
            self._show()

    def show_hint(self, hint: tuple[str, str] | None) -> None:
        """Offer a minus term in place of the suggestions: (the rest of the words, what it would leave out)."""
        if hint != self._hint:
            self._hint = hint
            self._show()

    def suggestions(self) -> list[str]:
        return [] if self._hint else list(self._words)

    def chips(self) -> list[QWidget | None]:
        return [item.widget() for i in range(self._row.count()) if (item := self._row.itemAt(i)) is not None]

    def _show(self) -> None:
        while (item := self._row.takeAt(0)) is not None:
            if (gone := item.widget()) is not None:
                gone.hide()
                gone.deleteLater()
        self._label.setVisible(bool(self._words or self._hint))
        if self._hint is not None:
            rest, what = self._hint
            self._label.setText(self.tr("A written “no” is not understood. Leave out:"))
            chip = Chip(self.theme, what, icon="minus", outline=True)
            chip.setAccessibleName(self.tr("Leave out {}").format(what))
            chip.clicked.connect(lambda: self.left_out.emit(rest, what))
            self._row.addWidget(chip)
            self._order([chip])
            return
        self._label.setText(self.tr("Try also"))
        chips = []
        for word in self._words:
            chip = Chip(self.theme, word, outline=True)
            chip.clicked.connect(lambda word=word: self.suggested.emit(word))
            self._row.addWidget(chip)
            chips.append(chip)
        self._order(chips)

    def _order(self, chips: list[Chip]) -> None:
        """New chips stand in the order of the Tab key where they are seen, not at its end."""
        before = self._after() if self._after is not None else None
        for chip in chips:
            if before is not None and before.window() is chip.window():
                QWidget.setTabOrder(before, chip)
            before = chip


def suggest(query: str, sounds: list[Sound]) -> list[str]:
    """Words to try: the classes heard most in these sounds that the query does not name already."""
    weights: dict[str, float] = {}
    for sound in sounds:
        for tag in sound.tags:
            name = tag.name.lower().split(",")[0].split(" (")[0]
            weights[name] = weights.get(name, 0.0) + tag.probability
    asked = query.lower()
    names = sorted(weights, key=lambda name: -weights[name])
    return [name for name in names if name not in asked and name not in NEVER_SUGGESTED][:SUGGESTIONS]
