"""Asking the library what the query box, the folder and the filters say, and showing the answer in the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from engine.errors import EarmarkError
from engine.tasks import Ticket
from gui.context import Context
from gui.pages.library.folders import Place
from gui.pages.library.ground import Ground
from gui.pages.library.hearing import Hearing
from gui.pages.library.line import suggest
from gui.pages.library.question import Query, minus_meant
from gui.pages.library.recent import Recent
from gui.widgets.result_table import Row
from gui.words import count

PAGE_ROWS = 200  # rows fetched at a time
SUGGEST_FROM = 30  # results whose tags make the suggestions


@dataclass(frozen=True)
class Asked:
    """One question to the library."""

    query: Query
    place: Place
    tags: tuple[str, ...]
    under: Path | None


@dataclass(frozen=True)
class Found:
    """Rows of an answer. total: how many there are in all. took_ms: of a search; None for a list of everything."""

    rows: Sequence[Row]
    total: int
    took_ms: float | None


class Searching(QObject):
    """failed(error): the question was not answered. answered: it was, the table shows it."""

    failed = Signal(object)
    answered = Signal()

    def __init__(self, context: Context, ground: Ground, hearing: Hearing, parent: QObject) -> None:
        super().__init__(parent)
        self.app, self.jobs, self.ground, self.hearing = context.app, context.jobs, ground, hearing
        self.recent = Recent()
        self.sounds = 0  # in the whole library
        self.shown = Query()  # what the table answers
        self._ticket: Ticket | None = None
        ground.query.changed.connect(self.search)
        ground.query.field.textEdited.connect(lambda text: ground.line.show_hint(minus_meant(text)))
        ground.filters.changed.connect(self.search)
        ground.folders.chosen.connect(lambda _: self.search())
        ground.line.suggested.connect(ground.query.set_text)
        ground.line.left_out.connect(ground.query.leave_out)
        ground.model.more_wanted.connect(self._more)
        ground.nothing.drop.connect(lambda: ground.filters.set(()))
        ground.nothing.everywhere.connect(self._everywhere)

    def asked(self) -> Asked:
        """What the screen says now."""
        ground = self.ground
        place = ground.folders.place
        return Asked(ground.query.query, place, ground.filters.tags, ground.filters.under or place.under)

    def search(self, keep: bool = False) -> None:
        """Ask, in place of a question under way. keep: the chosen sound, if it is found."""
        if self._ticket is not None:
            self._ticket.cancel()
        ground, asked = self.ground, self.asked()
        ground.line.show_hint(minus_meant(ground.query.field.text()))
        ground.query.allow_keeping(bool(asked.query))
        row = ground.player.row
        chosen = row.sound.id if keep and row is not None else None
        if asked.query and "joint" not in self.app.models.ready:
            ground.filters.say("", self.tr("The sound encoder is loading; the search begins by itself…"))
        self._ticket = self.jobs.run(
            self, lambda ticket: self._find(asked, 0), lane="models" if asked.query else "store",
            done=lambda found: self._show(asked, found, chosen, keep), failed=self._failed)

    def _find(self, asked: Asked, offset: int) -> Found:
        library, place = self.app.library, asked.place
        if asked.query:
            found = library.search(k=PAGE_ROWS, folder_id=place.folder_id, offset=offset, under=asked.under,
                                   terms=asked.query.terms, tags=asked.tags)
            rows = [Row(m.sound, m.similarity, m.span, m.labels) for m in found.matches]
            return Found(rows, found.sounds if len(rows) == PAGE_ROWS else offset + len(rows), found.took_ms)
        sounds = library.sounds(place.folder_id, offset, PAGE_ROWS, asked.under, asked.tags)
        labels = library.labels([sound.id for sound in sounds])
        total = library.count(place.folder_id, asked.under, asked.tags) if len(sounds) == PAGE_ROWS else offset + len(sounds)
        return Found([Row(sound, labels=labels.get(sound.id, ())) for sound in sounds], total, None)

    def _show(self, asked: Asked, found: Found, chosen: int | None, keep: bool) -> None:
        ground, rows = self.ground, found.rows
        ground.notice.hide()
        self.shown = asked.query
        scrolled = ground.table.verticalScrollBar().value()
        ground.model.show(rows, found.total, found.took_ms is not None)
        if not rows:
            where = asked.under or asked.place.path
            ground.nothing.say([tag.partition(":")[2] for tag in asked.tags], where.name if where else "", ground.filters.on,
                               asked.place.folder is not None, bool(asked.query))
        ground.answers.setCurrentWidget(ground.table if rows else ground.nothing)
        sounds = [row.sound for row in rows]
        if found.took_ms is not None:
            ground.filters.say(count(found.total), self.tr("of {all} · {ms} ms").format(
                all=count(self.sounds), ms=f"{found.took_ms:.0f}"))
            ground.line.show_suggestions(suggest(asked.query.words(), sounds[:SUGGEST_FROM]))
            self.recent.note(asked.query)
        else:
            words = self.tr("sounds") if not asked.query.only_minus else self.tr(
                "sounds · say what to look for, not only what to leave out")
            if ground.filters.on:
                words = self.tr("of {all}").format(all=count(self.sounds))
            ground.filters.say(count(found.total), words)
            ground.line.show_suggestions(suggest("", sounds))
        again = next((n for n, row in enumerate(rows) if row.sound.id == chosen), -1)
        if again >= 0:
            ground.table.selectRow(again)
            self.hearing.show_row(again)
        else:
            self.hearing.show_nothing()
        if keep:
            ground.table.verticalScrollBar().setValue(scrolled)
        else:
            ground.table.scrollToTop()
        self.answered.emit()

    def _failed(self, error: EarmarkError) -> None:
        self.ground.model.show([], 0, bool(self.ground.query.query))
        self.ground.answers.setCurrentWidget(self.ground.table)
        self.ground.line.show_suggestions([])
        self.ground.filters.say("", "")
        self.failed.emit(error)

    def _everywhere(self) -> None:
        """The same question to all folders."""
        self.ground.folders.go_to(None)
        self.search()

    def _more(self) -> None:
        """The table came to its end: ask for the next rows."""
        asked, offset, before = self.asked(), len(self.ground.model.rows), self._ticket
        self.jobs.run(
            self, lambda ticket: self._find(asked, offset), lane="models" if asked.query else "store",
            done=lambda found: self.ground.model.append(found.rows) if self._ticket is before else None,
            failed=lambda _: self.ground.model.append([]))
