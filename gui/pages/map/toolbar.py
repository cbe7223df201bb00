"""The controls of the Map in the toolbar: what, how, coloured by what; export."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QWidget

from gui.pages.map.export import FORMATS
from gui.pages.map.parameters import NAMES
from gui.theme import Theme
from gui.widgets.controls import Button, IconButton, Segmented, Select


class MapToolbar(QObject):
    """left and right are the two parts. save(format): one of the export menu was chosen."""

    save = Signal(str)

    def __init__(self, theme: Theme, space: str, method: str) -> None:
        super().__init__()
        self.left, self.right = QWidget(), QWidget()
        left, right = QHBoxLayout(self.left), QHBoxLayout(self.right)
        for row in (left, right):
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(8)
        self.spaces = Segmented(theme, [("voices", self.tr("Voices")), ("sounds", self.tr("Sounds"))], space,
                                name=self.tr("What is mapped"))
        self.methods = Segmented(theme, list(NAMES.items()), method, name=self.tr("Method"))
        left.addWidget(self.spaces)
        left.addWidget(self.methods)
        self.colour = Select(theme, self.tr("Colour by"), prefix=self.tr("Colour by"))
        self.colour.setFixedWidth(178)
        self.export = Button(theme, self.tr("Export…"), "export")
        self.fold = IconButton(theme, "info", self.tr("Show the details of the map"), checkable=True)
        for widget in (self.colour, self.export, self.fold):
            right.addWidget(widget)
        self._menu = QMenu(self.export)
        names = {"png": self.tr("Picture (PNG)"), "svg": self.tr("Drawing (SVG)"), "csv": self.tr("Points (CSV)"),
                 "json": self.tr("Points (JSON)")}
        for form in FORMATS:
            self._menu.addAction(names[form], partial(self.save.emit, form))
        self.export.clicked.connect(
            lambda: self._menu.exec(self.export.mapToGlobal(self.export.rect().bottomLeft())))
        self.show_space(space)

    def show_space(self, space: str) -> None:
        """Offer what the points of this space can be coloured by."""
        wanted = [(self.tr("voice"), "voice")] if space == "voices" else [(self.tr("first tag"), "tag"),
                                                                          (self.tr("folder"), "folder")]
        if [self.colour.itemData(i) for i in range(self.colour.count())] != [data for _, data in wanted]:
            self.colour.clear()
            for text, data in wanted:
                self.colour.add(text, data)
