"""Asking for captions and labels of the chosen sound while the inspector is open; stored vectors answer, nothing is decoded."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer

from engine.errors import EarmarkError, LibraryError
from engine.tasks import Ticket
from gui.context import Context
from gui.pages.library.ground import Ground
from gui.pages.library.hearing import Hearing
from gui.pages.library.inspector import Line, place
from gui.widgets.result_table import Row
from gui.words import similarity

WAIT_MS = 150
CAPTIONS, LABELS = 5, 3


@dataclass(frozen=True)
class _Said:
    """What came back. refused: what is wrong with the labels."""

    captions: tuple[Line, ...]
    ranking: tuple[Line, ...]
    fits: bool
    refused: str


class Inspecting(QObject):
    """Follows what is chosen."""

    def __init__(self, context: Context, ground: Ground, hearing: Hearing, parent: QObject) -> None:
        super().__init__(parent)
        self.app, self.jobs, self.inspector = context.app, context.jobs, ground.inspector
        self._row: Row | None = None
        self._ticket: Ticket | None = None
        self._timer = QTimer(self, interval=WAIT_MS, singleShot=True)
        self._timer.timeout.connect(self.ask)
        hearing.chosen.connect(self._choose)
        self.inspector.changed.connect(self.ask)

    def open(self, on: bool) -> None:
        """Show the inspector, or put it away."""
        self.inspector.setVisible(on)
        if on:
            self.inspector.show_row(self._row)
            self.ask()

    def forget(self) -> None:
        """Another encoder answers from now on."""
        if not self.inspector.isHidden():
            self.inspector.show_row(self._row)
            self.ask()

    def ask(self) -> None:
        """Ask for words about the chosen sound."""
        self._timer.stop()
        if self._ticket is not None:
            self._ticket.cancel()
        row, box = self._row, self.inspector
        if row is None or box.isHidden():
            return
        sound_id, source, own, template = row.sound.id, str(box.source.currentData()), box.own_labels(), box.template

        def work(ticket: Ticket) -> _Said:
            from engine.describing.lists import TagList

            spans, vectors = self.app.library.spans(sound_id)
            if not len(vectors):
                raise LibraryError(self.tr("This sound is not indexed yet. Look through the folders again."))
            captions = tuple((one.caption, one.similarity, self.tr("nearest at {}").format(
                place(spans[one.span].start_s, spans[one.span].end_s)))
                for one in self.app.describing.captions(vectors, CAPTIONS))
            ticket.check()
            if source == "own" and not own:
                return _Said(captions, (), True, "")
            try:
                labels = TagList.of(own) if source == "own" else self.app.describing.labels(source)
                ranking = self.app.describing.rank(vectors, labels, template, LABELS)
            except EarmarkError as error:  # about the labels or their wording; the captions stand
                return _Said(captions, (), True, str(error))
            return _Said(captions, tuple((one.label, one.similarity, self.tr("probability {p} · nearest at {place}").format(
                p=similarity(one.probability), place=place(spans[one.span].start_s, spans[one.span].end_s)))
                for one in ranking.best), ranking.fits, "")

        self._ticket = self.jobs.run(self, work, lane="models", done=self._answered, failed=self._failed)

    def _choose(self, row: Row | None) -> None:
        before, self._row = self._row, row
        if row is not None and before is not None and row.sound == before.sound:
            if row.labels != before.labels:
                self.inspector.show_tags(row)
            return
        if self._ticket is not None:
            self._ticket.cancel()  # words of the sound before are none of this one
        if row is not before and not self.inspector.isHidden():
            self.inspector.show_row(row)
            self._timer.start()

    def _answered(self, said: _Said) -> None:
        self._ticket = None
        self.inspector.show_captions(said.captions)
        self.inspector.show_ranking(said.ranking, said.fits)
        self.inspector.fail(said.refused)

    def _failed(self, error: EarmarkError) -> None:
        self._ticket = None
        self.inspector.show_captions(())
        self.inspector.show_ranking((), True)
        self.inspector.fail(str(error))
