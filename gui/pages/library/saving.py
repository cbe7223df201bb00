"""Keeping searches: saving the one that is asked, opening, renaming and removing what was saved."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from engine.errors import EarmarkError
from engine.records import SavedQuery, Term
from engine.tasks import Ticket
from gui.context import Context
from gui.pages.library.ground import Ground
from gui.pages.library.question import Part, file_part, query_of, sound_part, text_part
from gui.pages.library.recent import history_menu
from gui.pages.library.searching import Searching
from gui.widgets.controls import ask_before_loss

LONGEST_NAME = 120


class Saving(QObject):
    """said(sentence): a toast. failed(title, sentence): a notice."""

    said = Signal(str)
    failed = Signal(str, str)

    def __init__(self, context: Context, ground: Ground, searching: Searching, parent: QWidget) -> None:
        super().__init__(parent)
        self.app, self.jobs, self.theme = context.app, context.jobs, context.theme
        self.ground, self.searching, self._page = ground, searching, parent
        self._opening: Ticket | None = None
        ground.query.changed.connect(self._asked_otherwise)
        ground.query.field.textEdited.connect(lambda _: self._asked_otherwise())
        ground.query.save.connect(self.save)
        ground.query.history.connect(self.show_history)
        ground.saved.opened.connect(self.open)
        ground.saved.renamed.connect(self._rename)
        ground.saved.removed.connect(self.remove)

    def refresh(self) -> None:
        """List what is saved."""
        self.jobs.run(self, lambda ticket: self._names(), lane="store", done=self.ground.saved.show_names,
                      failed=self._list_failed)

    def show_history(self) -> None:
        box = self.ground.query
        history_menu(box, self.searching.recent.queries, self.ground.saved.names, box.ask, self.open, box.popup_at())

    def save(self) -> None:
        """Keep what is asked under its own words; they can be changed at once."""
        asked = self.searching.asked()
        if not asked.query:
            self.said.emit(self.tr("There is nothing to save yet: say what to look for."))
            return
        under = asked.under or asked.place
        bits = [asked.query.words(), *(tag.partition(":")[2] for tag in asked.tags), *([under.name] if under else [])]
        name = _readable(" · ".join(bit for bit in bits if bit))

        def work(ticket: Ticket) -> tuple[str, list[str]]:
            kept = self.app.library.queries.save(name, terms=asked.query.terms, tags=asked.tags, under=under)
            return kept.name, self._names()

        self.jobs.run(self, work, lane="store", done=lambda found: self._saved(*found), failed=self._not_saved)

    def open(self, name: str) -> None:
        """Ask a saved search again."""
        def work(ticket: Ticket) -> tuple[SavedQuery, list[Part]]:
            saved = self.app.library.queries.open(name)
            return saved, [self._part(term) for term in saved.terms]

        self._asked_otherwise()
        self._opening = self.jobs.run(
            self, work, lane="store", done=lambda found: self._opened(*found),
            failed=lambda error: self.failed.emit(self.tr("The saved search cannot be asked again."), str(error)))

    def _asked_otherwise(self) -> None:
        """A saved search that is still being opened gives way to what was asked after it."""
        if self._opening is not None:
            self._opening.cancel()
            self._opening = None

    def remove(self, name: str) -> None:
        def work(ticket: Ticket) -> list[str]:
            self.app.library.queries.remove(name)
            return self._names()

        ask_before_loss(
            self._page, self.theme, self.tr("Remove the saved search “{}”?").format(name),
            self.tr("The sounds that it finds stay as they are."), self.tr("Remove search"),
            lambda: self.jobs.run(self, work, lane="store", done=self.ground.saved.show_names, failed=self._not_saved))

    def _rename(self, old: str, new: str) -> None:
        def work(ticket: Ticket) -> list[str]:
            self.app.library.queries.rename(old, new)
            return self._names()

        self.jobs.run(self, work, lane="store", done=self.ground.saved.show_names, failed=self._not_saved)

    def _names(self) -> list[str]:
        return [query.name for query in self.app.library.queries.list()]

    def _saved(self, name: str, names: list[str]) -> None:
        self.ground.saved.show_names(names)
        self.said.emit(self.tr("Saved as “{}”.").format(name))
        if self.ground.saved.isVisible():
            self.ground.saved.rename(name)

    def _opened(self, saved: SavedQuery, parts: list[Part]) -> None:
        ground = self.ground
        shown = ground.folders.go_to(saved.under)
        if not shown:
            ground.folders.go_to(None)
        for box in (ground.filters, ground.query):
            box.blockSignals(True)
        ground.filters.set(saved.tags, None if shown else saved.under)
        ground.query.ask(query_of(parts))
        for box in (ground.filters, ground.query):
            box.blockSignals(False)
        self.searching.search()

    def _part(self, term: Term) -> Part:
        if isinstance(term.like, int):
            return sound_part(self.app.library.sound(term.like), term.weight)
        return text_part(term.text, term.weight) if term.like is None else file_part(Path(term.like), term.weight)

    def _not_saved(self, error: EarmarkError) -> None:
        self.failed.emit(self.tr("The saved searches stay as they were."), str(error))

    def _list_failed(self, error: EarmarkError) -> None:
        self.ground.saved.show_names([])
        self.failed.emit(self.tr("The saved searches cannot be listed."), str(error))


def _readable(words: str) -> str:
    """A name made of these words: printable, not too long."""
    shown = "".join(c if c.isprintable() else " " for c in words)
    return shown if len(shown) <= LONGEST_NAME else f"{shown[:LONGEST_NAME - 1].rstrip()}…"
