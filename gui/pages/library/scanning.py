"""Adding folders and looking through them: one scan at a time, a second request is done after it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from engine.errors import EarmarkError
from engine.records import Failure, Folder, ScanReport
from engine.tasks import Progress, Ticket
from engine.texts import shown
from gui.context import Context
from gui.reindexing import Reindexing
from gui.words import count

KINDS = 3  # of files passed over, that are named
MADE_SOUNDS = "made-sounds"  # folder of the workspace for the trial sounds


class Scanning(QObject):
    """moved(title, progress or None): under way; an empty title: nothing is. changed: there may be other sounds now.

    said(sentence): a toast. failed(title, sentence): it did not come to its end.
    """

    moved = Signal(str, object)
    changed = Signal()
    said = Signal(str)
    failed = Signal(str, str)

    def __init__(self, context: Context, parent: QObject) -> None:
        super().__init__(parent)
        self.app, self.jobs = context.app, context.jobs
        self._reindexing = Reindexing.of(context)
        self.passing: tuple[Failure, ...] = ()  # of the last scan, beside those that the library remembers
        self._ticket: Ticket | None = None
        self._again = False

    @property
    def running(self) -> bool:
        return self._ticket is not None

    def cancel(self) -> None:
        if self._ticket is not None:
            self._ticket.cancel()

    def add(self, paths: Sequence[Path]) -> None:
        """Register folders and look through them."""
        def work(ticket: Ticket) -> None:
            for path in paths:
                self.app.library.add(path)

        self.jobs.run(self, work, lane="store", done=lambda _: self.scan(), failed=self._not_added, must_finish=True)

    def add_made_sounds(self) -> None:
        """Make the trial sounds in the workspace, then add them."""
        if self._ticket is not None:
            return
        folder = Path(self.app.workspace) / MADE_SOUNDS

        def work(ticket: Ticket) -> None:
            from engine.synthesis.sounds import write_library

            write_library(folder, ticket)

        self._ticket = self.jobs.run(
            self, work, lane="files", title=self.tr("Making sounds"),
            progress=lambda progress: self.moved.emit(self.tr("Making sounds"), progress),
            done=lambda _: self._made(folder), failed=self._failed, cancelled=self._over)
        self.moved.emit(self.tr("Making sounds"), None)

    def remove(self, folder: Folder) -> None:
        """Forget a folder; its files stay."""
        self.jobs.run(self, lambda ticket: self.app.library.remove(folder.path), lane="store",
                      done=lambda _: self.changed.emit(), failed=lambda error: self.said.emit(str(error)))

    def scan(self) -> None:
        """Look through all folders."""
        if self._ticket is not None:
            self._again = True
            return
        if self._reindexing.running:  # one scan at a time
            self._reindexing.after(self.scan)
            return

        def work(ticket: Ticket) -> tuple[ScanReport, tuple[Failure, ...]]:
            report = self.app.library.scan(ticket)
            remembered = {failure.path for failure in self.app.library.failures()}
            return report, tuple(failure for failure in report.failed if failure.path not in remembered)

        self._reindexing.begins()
        self._ticket = self.jobs.run(
            self, work, lane="files", title=self.tr("Indexing"), progress=self._progress,
            done=lambda found: self._scanned(*found), failed=self._failed, cancelled=self._cancelled)
        self.moved.emit(self.tr("Indexing"), None)
        self.changed.emit()

    def _progress(self, progress: Progress) -> None:
        self.moved.emit(self.tr("Indexing"), progress)

    def _made(self, folder: Path) -> None:
        self._ticket = None
        self.add([folder])

    def _not_added(self, error: EarmarkError) -> None:
        self.said.emit(str(error))
        self.scan()

    def _scanned(self, report: ScanReport, passing: tuple[Failure, ...]) -> None:
        self.passing = passing
        self._reindexing.scanned(report)
        news = [words.format(count(n)) for n, words in (
            (report.added, self.tr("{} added")), (report.updated, self.tr("{} updated")),
            (report.moved, self.tr("{} moved")), (report.removed, self.tr("{} gone")),
            (len(report.failed), self.tr("{} could not be read"))) if n]
        if report.passed_over:
            kinds = ", ".join(shown(one.kind) or self.tr("no ending") for one in report.passed_over[:KINDS])
            more = "" if len(report.passed_over) <= KINDS else ", …"
            news.append(self.tr("{} passed over ({})").format(count(sum(one.files for one in report.passed_over)), kinds + more))
        self.said.emit(self.tr("Looked through the folders: {}.").format(", ".join(news) or self.tr("nothing new")))
        self._over()

    def _failed(self, error: EarmarkError) -> None:
        self.failed.emit(self.tr("The folders could not be looked through to the end. What was done is kept."),
                         str(error))
        self._over()

    def _cancelled(self) -> None:
        if not self._again:
            self._reindexing.stop()
        self._over()

    def _over(self) -> None:
        self._ticket = None
        self._reindexing.look()  # what this one left over, if it was broken off
        self.moved.emit("", None)
        self.changed.emit()
        if self._again:
            self._again = False
            self.scan()


def made_sounds() -> int:
    """How many trial sounds there are."""
    from engine.synthesis.sounds import CATALOGUE

    return len(CATALOGUE)
