"""A term of the query as a chip: its sign, its weight, and a menu to change both."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from gui.pages.library.question import WEIGHTS, Part
from gui.theme import Theme
from gui.widgets.controls import Chip, plain_tip

NAME_PX = 170
"""At most so wide is the name in a chip."""


class TermChip(Chip):
    """changed(Part): another sign or weight. removed: as in Chip."""

    changed = Signal(object)

    def __init__(self, theme: Theme, part: Part, parent: QWidget | None = None) -> None:
        weight = abs(part.term.weight)
        words = [self.tr("like")] if part.is_sound else []
        if weight != 1:
            words.insert(0, f"{weight:g} ×")
        icon = "minus" if part.minus else "equals" if part.is_sound else "plus"
        super().__init__(theme, part.name, " ".join(words), icon, removable=True, parent=parent)
        self.part = part
        self.value = self.fontMetrics().elidedText(part.name, Qt.TextElideMode.ElideMiddle, NAME_PX)
        said = (self.tr("left out: {}") if part.minus else self.tr("looked for: {}")).format(part.name)
        self.setAccessibleName(" ".join([said, *(() if weight == 1 else (self.tr("weight {}").format(f"{weight:g}"),))]))
        self.setToolTip(plain_tip(f"{said}\n{self.tr('Press for sign and weight; Delete removes it.')}"))
        self.clicked.connect(self.show_menu)

    def menu(self) -> QMenu:
        """What can be done with it."""
        menu = QMenu(self)
        signs = QActionGroup(menu)
        for words, sign in ((self.tr("Look for it"), 1.0), (self.tr("Leave it out"), -1.0)):
            act = menu.addAction(words, partial(self._weigh, sign * abs(self.part.term.weight)))
            act.setCheckable(True)
            act.setChecked(self.part.minus == (sign < 0))
            signs.addAction(act)
        menu.addSeparator()
        weights = QActionGroup(menu)
        here = abs(self.part.term.weight)
        for weight in sorted({*WEIGHTS, here}):
            words = self.tr("Normal weight") if weight == 1 else self.tr("{} × the weight").format(f"{weight:g}")
            act = menu.addAction(words, partial(self._weigh, -weight if self.part.minus else weight))
            act.setCheckable(True)
            act.setChecked(weight == here)
            weights.addAction(act)
        menu.addSeparator()
        menu.addAction(self.tr("Remove"), self.removed.emit)
        return menu

    def show_menu(self) -> None:
        menu = self.menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.mapToGlobal(QPoint(0, self.height() + 2)))

    def _weigh(self, weight: float) -> None:
        if weight != self.part.term.weight:
            self.changed.emit(self.part.weighing(weight))
