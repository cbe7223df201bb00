"""In place of the table where no sound is found: why, and what leads out of it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from gui.theme import Theme
from gui.widgets.controls import Button, Text

WORDS_PX = 520


class NothingFound(QWidget):
    """drop: the filters are not wanted any more.    everywhere: all folders are to be searched.    scan: look through them."""

    drop = Signal()
    everywhere = Signal()
    scan = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("surface", "field")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(6)
        column.addStretch(2)
        self.title = Text(theme, "", "title", weight=600)
        self.sentence = Text(theme, "", "body", "text2", wrap=True)
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.sentence.setFixedWidth(WORDS_PX)
        column.addWidget(self.title, 0, Qt.AlignmentFlag.AlignHCenter)
        middle = QHBoxLayout()  # an alignment here would forget the second line of the sentence
        middle.addStretch(1)
        middle.addWidget(self.sentence)
        middle.addStretch(1)
        column.addLayout(middle)
        column.addSpacing(8)
        self.drop_button = Button(theme, self.tr("Drop the filters"), "x")
        self.all_button = Button(theme, self.tr("Look in all folders"), "stack")
        self.scan_button = Button(theme, self.tr("Look through the folders again"), "arrows-clockwise")
        acts = QHBoxLayout()
        acts.setSpacing(8)
        acts.addStretch(1)
        for button, signal in ((self.drop_button, self.drop), (self.all_button, self.everywhere), (self.scan_button, self.scan)):
            button.clicked.connect(signal)
            acts.addWidget(button)
        acts.addStretch(1)
        column.addLayout(acts)
        column.addStretch(3)

    def say(self, tags: Sequence[str], folder: str, filtered: bool, placed: bool, asked: bool,
            example: bool = False) -> None:
        """tags: those that are filtered by. folder: what is looked at, empty for all. filtered: by any chip. placed: a folder
        of the side list is chosen. asked: by a query. example: a sound of the library is what others are to be like; it is not
        listed itself."""
        where = self.tr(" in “{}”").format(folder) if folder else ""
        if tags:
            words = ((self.tr("No other sound{where} has this tag.") if len(tags) == 1 else
                      self.tr("No other sound{where} has all of these tags.")) if example else
                     self.tr("No sound{where} has this tag.") if len(tags) == 1 else
                     self.tr("No sound{where} has all of these tags."))
            self.title.setText(words.format(where=where))
            self.sentence.setText(" · ".join(tags))
        elif example:
            self.title.setText(self.tr("There is no other sound{where}.").format(where=where))
            self.sentence.setText(self.tr("The sound that others are to be like is not listed itself."))
        elif asked:
            self.title.setText(self.tr("There is nothing to be found{where} yet.").format(where=where))
            self.sentence.setText(self.tr("Sounds are found once they are indexed for the encoder in use."))
        else:
            self.title.setText(self.tr("There is no sound{where} yet.").format(where=where))
            self.sentence.setText(self.tr("Folders are looked through when they are added, and whenever you say so."))
        self.drop_button.setVisible(filtered)
        self.all_button.setVisible(placed)
        self.scan_button.setVisible(not tags)
