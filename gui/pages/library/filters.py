"""The filters of the Library as chips, the dashed chip that adds one, and how many sounds pass."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from gui.theme import Theme
from gui.widgets.controls import Chip, Text, plain_tip
from gui.widgets.flow import Flow

NAME_PX = 190


class FilterRow(QWidget):
    """changed: another set of filters. wants_tag: one is to be chosen.

    tags: `list:label`, all must hold. under: a folder of a saved search that the side list does not show.
    """

    changed = Signal()
    wants_tag = Signal()

    def __init__(self, theme: Theme, after: QWidget | None = None, parent: QWidget | None = None) -> None:
        """after: what has the keyboard before the chips."""
        super().__init__(parent)
        self.theme = theme
        self.tags: tuple[str, ...] = ()
        self.under: Path | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        self.flow = Flow(after)
        row.addWidget(self.flow, 1)
        row.addSpacing(8)
        self.found = Text(theme, "", "small", "text1", weight=600)
        self.of = Text(theme, "", "small", "text2")
        row.addWidget(self.found, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.of, 0, Qt.AlignmentFlag.AlignTop)
        for words in (self.found, self.of):
            words.setFixedHeight(24)
        self._show()

    @property
    def on(self) -> bool:
        return bool(self.tags or self.under)

    def set(self, tags: Sequence[str], under: Path | None = None) -> None:
        """Show these filters; says so where they are others."""
        if (tuple(tags), under) != (self.tags, self.under):
            self.tags, self.under = tuple(tags), under
            self._show()
            self.changed.emit()

    def add(self, tag: str) -> None:
        if tag not in self.tags:
            self.set((*self.tags, tag), self.under)

    def drop(self, tag: str) -> None:
        self.set([one for one in self.tags if one != tag], self.under)

    def chips(self) -> list[Chip]:
        return [one for one in self.flow.widgets if isinstance(one, Chip) and one is not self.more]

    def say(self, found: str, of: str) -> None:
        """"1,284" and " of 48,217 · 18 ms"."""
        self.found.setText(found)
        self.of.setText(of)

    def _show(self) -> None:
        widgets: list[QWidget] = []
        if self.under is not None:
            chip = self._chip(self.under.name or str(self.under), self.tr("Folder"))
            chip.setToolTip(plain_tip(str(self.under)))
            chip.removed.connect(lambda: self._remove(self.tags))
            widgets.append(chip)
        for tag in self.tags:
            list_name, _, label = tag.partition(":")
            chip = self._chip(label, list_name)
            chip.removed.connect(lambda tag=tag: self._remove([one for one in self.tags if one != tag], self.under))
            widgets.append(chip)
        self.more = Chip(self.theme, self.tr("Tag"), icon="plus", dashed=True)
        self.more.setAccessibleName(self.tr("Show only sounds with a tag"))
        self.more.clicked.connect(self.wants_tag)
        widgets.append(self.more)
        self.flow.show_widgets(widgets)

    def _remove(self, tags: Sequence[str], under: Path | None = None) -> None:
        """A chip was taken away; the keys stay in the row."""
        self.set(tags, under)
        self.more.setFocus()

    def _chip(self, value: str, key: str) -> Chip:
        chip = Chip(self.theme, value, key, removable=True)
        chip.value = chip.fontMetrics().elidedText(value, Qt.TextElideMode.ElideMiddle, NAME_PX)
        return chip
