"""Where in the chosen sound the query is heard: a job for each sound that is long enough to look through."""

from __future__ import annotations

from collections import OrderedDict

from PySide6.QtCore import QObject, QTimer, Signal

from engine.errors import EarmarkError
from engine.records import FoundSpan, Localisation, Term
from engine.tasks import Progress, Ticket
from gui.context import Context
from gui.pages.library.ground import Ground
from gui.pages.library.hearing import Hearing
from gui.pages.library.searching import Searching
from gui.widgets.result_table import Row
from gui.words import amount

LONG_S = 12.0
"""From this length on a sound has more than the one span that is shown with it."""
ASKED_S = 600.0
"""Above this length the user asks for it."""
WAIT_MS = 400  # a sound that is only passed through with the arrow keys is not looked through
KEPT = 32  # answers that are remembered

Key = tuple[str, tuple[Term, ...]]


class Locating(QObject):
    """Follows what is chosen. located: the curve is shown."""

    located = Signal()

    def __init__(self, context: Context, ground: Ground, searching: Searching, hearing: Hearing, parent: QObject) -> None:
        super().__init__(parent)
        self.app, self.jobs, self.curve = context.app, context.jobs, ground.player.curve
        self.searching, self.hearing = searching, hearing
        self._row: Row | None = None
        self._terms: tuple[Term, ...] = ()
        self._ticket: Ticket | None = None
        self._answers: OrderedDict[Key, Localisation] = OrderedDict()
        self._timer = QTimer(self, interval=WAIT_MS, singleShot=True)
        self._timer.timeout.connect(self.look)
        hearing.chosen.connect(self._choose)
        self.curve.picked.connect(hearing.play_found)
        self.curve.sought.connect(hearing.play_from)
        self.curve.wanted.connect(self.look)
        self.curve.cancelled.connect(self.cancel)

    def _choose(self, row: Row | None) -> None:
        query = self.searching.shown
        terms = query.terms if query else ()
        if row is not None and self._row is not None and (row.sound, terms) == (self._row.sound, self._terms):
            return  # shown already, or under way
        self.stop()
        self._row, self._terms = row, terms
        if row is None or not terms or row.sound.duration_s < LONG_S:
            self._show(None)
        elif (known := self._answers.get(self._key())) is not None:
            self._show(known)
        elif row.sound.duration_s <= ASKED_S:
            self._show(None)
            self._timer.start()
        else:
            self._show(None)
            self.curve.show_offer(self.tr("{} of sound: the query can be looked for all along it.").format(
                amount(row.sound.duration_s)))

    def look(self) -> None:
        """Follow the query along the chosen sound now."""
        row, terms = self._row, self._terms
        if row is None or not terms or self._ticket is not None:
            return
        sound_id, key = row.sound.id, self._key()

        def work(ticket: Ticket) -> Localisation:
            return self.app.library.localise(sound_id, terms=terms, ticket=ticket)

        self.curve.show_progress(self.tr("Looking through the sound…"), 0.0)
        self._ticket = self.jobs.run(self, work, lane="files", done=lambda found: self._found(key, found),
                                     failed=self._failed, progress=self._progress)

    def cancel(self) -> None:
        """Give up, and offer it again."""
        self.stop()
        self.curve.show_offer(self.tr("The query can be looked for all along this sound."))

    def forget(self) -> None:
        """Another encoder answers from now on: what was found with the old one counts no more."""
        self.stop()
        self._answers.clear()
        self._row, self._terms = None, ()
        self._show(None)

    def stop(self) -> None:
        self._timer.stop()
        if self._ticket is not None:
            self._ticket.cancel()
            self._ticket = None

    def _key(self) -> Key:
        assert self._row is not None
        return self._row.sound.sha256, self._terms

    def _progress(self, progress: Progress) -> None:
        rate = f" · {progress.rate:,.0f} {progress.unit}" if progress.rate else ""
        self.curve.show_progress(self.tr("Looking through the sound") + rate, progress.fraction or 0.0)

    def _found(self, key: Key, found: Localisation) -> None:
        self._ticket = None
        self._answers[key] = found
        while len(self._answers) > KEPT:
            self._answers.popitem(last=False)
        self._show(found)
        self.located.emit()

    def _failed(self, error: EarmarkError) -> None:
        self._ticket = None
        self.curve.show_failure(str(error))

    def _show(self, found: Localisation | None) -> None:
        spans: tuple[FoundSpan, ...] = found.spans if found is not None else ()
        self.hearing.found = spans
        if found is None:
            self.curve.show_nothing()
        else:
            self.curve.show_found(found)
