"""What was asked in this session, newest first, and the menu that brings it back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QCoreApplication, QPoint, Qt
from PySide6.QtWidgets import QMenu, QWidget

from gui.pages.library.question import Query

KEPT = 12
SHOWN_LETTERS = 60


class Recent:
    """A search that is refined while it is typed counts as one."""

    def __init__(self) -> None:
        self.queries: list[Query] = []

    def note(self, query: Query) -> None:
        """This was asked and answered."""
        if not query:
            return
        newest = self.queries[0] if self.queries else None
        if newest is not None and newest.parts == query.parts and newest.text and query.text and (
                query.text.startswith(newest.text) or newest.text.startswith(query.text)):
            self.queries.pop(0)
        self.queries = [query, *(one for one in self.queries if one != query)][:KEPT]

    def forget(self) -> None:
        self.queries.clear()


def history_menu(parent: QWidget, recent: Sequence[Query], saved: Sequence[str], again: Callable[[Query], object],
                 opened: Callable[[str], object], at: QPoint) -> QMenu:
    """Open the menu: recent questions, then saved searches."""
    menu = QMenu(parent)
    _head(menu, _tr("Recent"))
    for query in recent:
        menu.addAction(_short(query.words()), partial(again, query))
    if not recent:
        menu.addAction(_tr("Nothing was asked yet")).setEnabled(False)
    if saved:
        menu.addSeparator()
        _head(menu, _tr("Saved searches"))
        for name in saved:
            menu.addAction(_short(name), partial(opened, name))
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.popup(at)
    first = next((act for act in menu.actions() if act.isEnabled() and not act.isSeparator()), None)
    if first is not None:
        menu.setActiveAction(first)
    return menu


def _head(menu: QMenu, words: str) -> None:
    menu.addAction(words).setEnabled(False)


def _short(words: str) -> str:
    """In one line of a menu, where & would underline a letter."""
    line = words if len(words) <= SHOWN_LETTERS else f"{words[:SHOWN_LETTERS - 1]}…"
    return line.replace("&", "&&")


def _tr(text: str) -> str:
    return QCoreApplication.translate("Recent", text)
