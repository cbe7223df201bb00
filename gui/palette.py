"""The command palette: every action of the table, found by typing a few letters of it or of what else it may be called."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from gui.actions import TABLE, Actions, key_text, search_words, words
from gui.theme import Theme
from gui.widgets.picker import Choice, Picker

WIDTH_PX = 560


class CommandPalette(Picker):
    """Opens over the window; Enter does the chosen action, Esc closes."""

    def __init__(self, theme: Theme, actions: Actions, page_words: dict[str, str], do: Callable[[str], object],
                 parent: QWidget) -> None:
        """page_words: what pages are called. do: called with the id of the chosen action after closing."""
        choices = [Choice(entry.id, words(entry.id), page_words.get(entry.page, ""), key_text(entry.id), search_words(entry.id))
                   for entry in TABLE if entry.id != "commands"]
        super().__init__(theme, self.tr("Commands"), self.tr("What do you want to do?"), choices, do,
                         min(WIDTH_PX, parent.width() - 40), parent)
