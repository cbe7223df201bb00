"""Asking the library what the query box, the folder and the filters say, and showing the answer in the table.

An answer belongs to its question (`Asked`) and to one state of the library (`version`). The same question asked again changes
only what is another in the rows; a page goes on with the answer on the screen, and where the library has changed since, all
rows that are shown are asked for anew. Between a question and its answer the rows of before are marked and not played.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from engine.errors import EarmarkError
from engine.tasks import Ticket
from gui.context import Context
from gui.pages.library.ground import Ground
from gui.pages.library.hearing import Hearing
from gui.pages.library.line import suggest
from gui.pages.library.question import Query, minus_meant
from gui.pages.library.recent import Recent
from gui.widgets.result_table import Row
from gui.words import count

PAGE_ROWS = 200  # rows fetched at a time
SUGGEST_FROM = 30  # results whose tags make the suggestions
PALE_MS = 150  # an answer that comes sooner replaces the rows of before without a flicker


@dataclass(frozen=True)
class Asked:
    """One question to the library. folder_id: of the library. under: below this folder. place: the folder in the side list."""

    query: Query
    folder_id: int | None
    under: Path | None
    tags: tuple[str, ...]
    place: Path | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Found:
    """Rows of an answer, from the first or a page of it.

    total: how many rows there are in all. sounds: how many the library holds. version: the state of the library before it was
    asked. took_ms: of a search; None for a list of everything. damaged: how many sounds could not be compared.
    """

    rows: Sequence[Row]
    total: int
    sounds: int
    version: int
    took_ms: float | None
    damaged: int = 0


class Searching(QObject):
    """failed(error): the question was not answered. page_failed(error): no further rows came. answered: the table shows it."""

    failed = Signal(object)
    page_failed = Signal(object)
    answered = Signal()

    def __init__(self, context: Context, ground: Ground, hearing: Hearing, parent: QObject) -> None:
        super().__init__(parent)
        self.app, self.jobs, self.ground, self.hearing = context.app, context.jobs, ground, hearing
        self.recent = Recent()
        self.sounds = 0  # in the whole library
        self._answer: tuple[Asked, Found] | None = None  # what the table shows
        self._under_way: Asked | None = None  # for the rows from the first
        self._again = False  # the library changed while the same was asked
        self._ticket: Ticket | None = None
        self._page: Ticket | None = None
        self._page_lacks = False  # the last page could not be had
        self._late = QTimer(self, interval=PALE_MS, singleShot=True)
        self._late.timeout.connect(self._say_late)
        ground.query.changed.connect(self.search)
        ground.query.field.textEdited.connect(self._edited)
        ground.filters.changed.connect(self.search)
        ground.folders.chosen.connect(lambda _: self.search())
        ground.line.suggested.connect(ground.query.set_text)
        ground.line.left_out.connect(ground.query.leave_out)
        ground.model.more_wanted.connect(self.more)
        ground.nothing.drop.connect(lambda: ground.filters.set(()))
        ground.nothing.everywhere.connect(self._everywhere)

    @property
    def shown(self) -> Query:
        """What the table answers."""
        return self._answer[0].query if self._answer is not None else Query()

    def asked(self) -> Asked:
        """What the screen says now."""
        ground = self.ground
        place = ground.folders.place
        return Asked(ground.query.query, place.folder_id, ground.filters.under or place.under, ground.filters.tags, place.path)

    def search(self) -> None:
        """Ask what the screen says. A question under way gives way to another one; the same one is asked again after it."""
        ground, asked = self.ground, self.asked()
        ground.line.show_hint(minus_meant(ground.query.field.text()))
        ground.query.allow_keeping(bool(asked.query))
        if asked == self._under_way:
            self._again = True  # giving it up each time that a scan finds something would leave it without an answer
            return
        if self._ticket is not None:
            self._ticket.cancel()
        if asked.query and "joint" not in self.app.models.ready:
            ground.filters.say("", self.tr("The sound encoder is loading; the search begins by itself…"))
        self._mark()
        there = len(ground.model.rows) if self._is_shown(asked) else 0
        self._begin(asked, max(PAGE_ROWS, there + (PAGE_ROWS if there and self._page is not None else 0)))

    def try_again(self) -> None:
        """What could not be had: the next rows, or all of them."""
        if self._page_lacks:
            self.more()
        else:
            self.search()

    def more(self) -> None:
        """The table came to its end: ask for the next rows of the answer that it shows."""
        if self._answer is None:
            return
        asked, shown = self._answer
        offset = len(self.ground.model.rows)

        def done(_: Asked, found: Found) -> None:
            self._page = None
            if found.version == shown.version:
                self.ground.model.append(found.rows, found.total)
            elif self._under_way is None:
                self._begin(asked, offset + PAGE_ROWS)

        def failed(error: EarmarkError) -> None:
            self._page, self._page_lacks = None, True
            self.page_failed.emit(error)

        self._page_lacks = False
        self._page = self._ask(asked, offset, PAGE_ROWS, done, failed)

    # --- inside ---

    def _begin(self, asked: Asked, rows: int) -> None:
        self._under_way, self._again = asked, False
        self._ticket = self._ask(asked, 0, rows, self._show, self._failed)

    def _ask(self, asked: Asked, offset: int, rows: int, done: Callable[[Asked, Found], None],
             failed: Callable[[EarmarkError], None]) -> Ticket:
        return self.jobs.run(self, lambda ticket: self._find(asked, offset, rows), lane="models" if asked.query else "store",
                             done=lambda found: done(asked, found), failed=failed)

    def _find(self, asked: Asked, offset: int, rows: int) -> Found:
        library = self.app.library
        version = library.version()
        if asked.query:
            answer = library.search(k=rows, folder_id=asked.folder_id, offset=offset, under=asked.under,
                                    terms=asked.query.terms, tags=asked.tags)
            found = [Row(m.sound, m.similarity, m.span, m.labels) for m in answer.matches]
            total, took_ms, damaged = answer.sounds, answer.took_ms, answer.damaged
        else:
            sounds = library.sounds(asked.folder_id, offset, rows, asked.under, asked.tags)
            labels = library.labels([sound.id for sound in sounds])
            found = [Row(sound, labels=labels.get(sound.id, ())) for sound in sounds]
            total, took_ms, damaged = library.count(asked.folder_id, asked.under, asked.tags), None, 0
        return Found(found, total, max(total, library.count()), version, took_ms, damaged)

    def _is_shown(self, asked: Asked) -> bool:
        """Whether the table answers this question, in whatever state of the library."""
        return self._answer is not None and self._answer[0] == asked

    def _edited(self, text: str) -> None:
        self.ground.line.show_hint(minus_meant(text))
        self.hearing.forget_step()
        self._mark()

    def _mark(self) -> None:
        """Say whether the rows answer what stands above them."""
        stale = self._answer is not None and self._answer[0] != replace(self.asked(), query=self.ground.query.written)
        self.ground.table.set_stale(stale)
        if not stale:
            self._late.stop()
            self._count()
        elif not self._late.isActive():
            self._late.start()

    def _say_late(self) -> None:
        self.ground.table.set_pale(True)
        if not self.ground.query.query or "joint" in self.app.models.ready:
            self.ground.filters.say("", self.tr("Searching…"))

    def _over(self) -> None:
        """The question under way was answered, or could not be."""
        again = self._again
        self._ticket, self._under_way, self._again = None, None, False
        if again:
            self.search()

    def _give_up_page(self) -> None:
        """A page of an answer that is not shown any more is not wanted."""
        if self._page is not None:
            self._page.cancel()
        self._page, self._page_lacks = None, False

    def _show(self, asked: Asked, found: Found) -> None:
        ground, rows = self.ground, found.rows
        again = self._is_shown(asked) and ground.model.ranked == (found.took_ms is not None)
        ground.notice.hide()
        self._say_damaged(found.damaged)
        self._give_up_page()
        self._answer, self.sounds = (asked, found), found.sounds
        if again:
            ground.table.update_rows(rows, found.total)
        else:
            ground.model.show(rows, found.total, found.took_ms is not None)
            ground.table.scrollToTop()
        if not rows:
            where = asked.under or asked.place
            ground.nothing.say([tag.partition(":")[2] for tag in asked.tags], where.name if where else "", ground.filters.on,
                               asked.folder_id is not None, bool(asked.query), asked.query.by_example)
        ground.answers.setCurrentWidget(ground.table if rows else ground.nothing)
        sounds = [row.sound for row in rows]
        ground.line.show_suggestions(suggest(asked.query.words(), sounds[:SUGGEST_FROM]) if asked.query else suggest("", sounds))
        self.recent.note(asked.query)
        self._mark()
        if again:
            self.hearing.look_again()
        else:
            self.hearing.show_nothing()
        if not ground.table.stale:
            self.hearing.answered()
        self.answered.emit()
        self._over()

    def _count(self) -> None:
        """How many rows there are, of how many sounds."""
        if self._answer is None:
            return
        asked, found = self._answer
        if found.took_ms is not None:
            words = self.tr("of {all} · {ms} ms").format(all=count(found.sounds), ms=f"{found.took_ms:.0f}")
        elif self.ground.filters.on:
            words = self.tr("of {all}").format(all=count(found.sounds))
        elif asked.query.only_minus:
            words = self.tr("sounds · say what to look for, not only what to leave out")
        else:
            words = self.tr("sounds")
        self.ground.filters.say(count(found.total), words)

    def _say_damaged(self, sounds: int) -> None:
        """Sounds that are not among the results although they may fit."""
        self.ground.damaged.setVisible(sounds > 0)
        if sounds:
            self.ground.damaged.title.setText(
                self.tr("One sound could not be compared.") if sounds == 1 else
                self.tr("{} sounds could not be compared.").format(count(sounds)))
            self.ground.damaged.sentence.setText(self.tr(
                "Their vectors are lost or damaged. The sounds are safe; a scan makes the vectors again."))

    def _failed(self, error: EarmarkError) -> None:
        """A question that could not be answered leaves no rows of another one below it; those that answer it stay."""
        if self._under_way is not None and not self._is_shown(self._under_way):
            self._answer = None
            self._give_up_page()
            self._say_damaged(0)
            self.ground.model.show([], 0, bool(self.ground.query.query))
            self.ground.answers.setCurrentWidget(self.ground.table)
            self.ground.line.show_suggestions([])
            self.ground.filters.say("", "")
            self.hearing.show_nothing()
        self.hearing.forget_step()
        self._mark()
        self.failed.emit(error)
        self._over()

    def _everywhere(self) -> None:
        """The same question to all folders."""
        self.ground.folders.go_to(None)
        self.search()
