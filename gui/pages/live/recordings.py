"""The timelines of recordings: made, listed, opened, named, exported, each in a job. Knows no widgets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from engine.errors import EarmarkError, EnrollmentError, UnlikeVoice
from engine.files import is_there
from engine.records import Timeline
from engine.tasks import Progress, Ticket, beside, result_of
from engine.voices.timeline.people import ANY, People
from gui.context import Context

Seen = tuple[frozenset[int], list[tuple[Path, datetime]], Path]  # gone, unheard, folder


class Recordings(QObject):
    """changed: the list, or the one that is open. progressed(title, Progress or None): one is being made; ended: not any
    more. failed(title, error). doubted(Timeline, number of a stranger, name, UnlikeVoice): it was not named so, and can be
    all the same. named(Naming). told(sentence): something worked.

    kept: what the workspace keeps, newest first. gone: ids of those whose file is not where it was. unheard: recordings of the
    microphone without a timeline, with their time. open: the one that is looked at, None if none is. making: the file that is
    heard now. error: why the list could not be read.
    """

    changed = Signal()
    progressed = Signal(str, object)
    ended = Signal()
    failed = Signal(str, object)
    doubted = Signal(object, int, str, object)
    named = Signal(object)
    told = Signal(str)

    def __init__(self, context: Context, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.app, self._jobs = context.app, context.jobs
        self.kept: list[Timeline] = []
        self.gone: frozenset[int] = frozenset()
        self.unheard: list[tuple[Path, datetime]] = []
        self.last: Path | None = None  # the file that was asked for last
        self.open: Timeline | None = None
        self.making: Path | None = None
        self._people = ANY
        self.error: EarmarkError | None = None
        self.listed = False
        self._since = datetime.now(UTC)
        self._folder = Path.home()
        self._looking = Ticket()
        self._ticket: Ticket | None = None

    # --- reading ------------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read the list again, and what is open with it: names and voices may have changed. Then look at its files."""
        self._jobs.run(self, lambda ticket: list(self.app.timelines.list()), lane="store", done=self._listed,
                       failed=self._not_listed)

    def folder(self) -> Path:
        """Where the last recording was, else where Earmark writes its own; one's home while there are none. Asks no disk."""
        return self._folder

    def _listed(self, found: list[Timeline]) -> None:
        self.kept, self.error, self.listed = found, None, True
        paths = {one.path for one in found}
        self.unheard = [one for one in self.unheard if one[0] not in paths]
        if self.open is not None and self.open.id is not None:
            self.open = next((one for one in found if one.id == self.open.id), None)
        self.changed.emit()
        self._look()

    def _look(self) -> None:
        """See which files are there: in a thread that nobody waits for, because a disk may not answer."""
        self._looking.cancel()
        timelines, found, last = self.app.timelines, self.kept, self.last or (self.kept[0].path if self.kept else None)
        folders = ([] if last is None else [last.parent]) + [self.app.store.recordings]

        def look() -> Seen:
            return (timelines.gone(found), timelines.unheard(found),
                    next((one for one in folders if is_there(one)), Path.home()))

        def work(ticket: Ticket) -> Seen:
            return result_of(beside(look, "look-at-recordings"), ticket, folders[0].name)

        self._looking = self._jobs.run(self, work, lane="files", done=self._seen, failed=lambda error: None)

    def _seen(self, seen: Seen) -> None:
        before = (self.gone, self.unheard)
        self.gone, self.unheard, self._folder = seen
        if before != (self.gone, self.unheard):
            self.changed.emit()

    def _not_listed(self, error: EarmarkError) -> None:
        self._looking.cancel()
        self.kept, self.unheard, self.error, self.listed = [], [], error, True
        if self.open is not None and self.open.id is not None:
            self.open = None  # its names may not be seen now
        self.changed.emit()

    def show(self, timeline: Timeline | None) -> None:
        self.open = timeline
        self.changed.emit()

    # --- making -------------------------------------------------------------------------------------------------------

    def make(self, path: Path, people: People = ANY) -> None:
        """Hear a file; it is open when that is done. One at a time: what was being made is given up, unless it is the same.
        people: how many speak, at least and at most, where one knows it."""
        if path == self.making and people == self._people:
            return
        self.cancel()
        self.making = self.last = path
        self._people = people
        self._folder = path.parent
        title = self.tr("Listening to {}").format(path.name)
        ticket = self._ticket = self._jobs.run(
            self, lambda ticket: self.app.timelines.make(path, True, ticket, people), lane="files", title=title,
            done=lambda found: self._made(ticket, found), failed=lambda error: self._not_made(ticket, path, error),
            progress=lambda progress: self._progress(ticket, title, progress))
        self.progressed.emit(title, None)

    def cancel(self) -> None:
        if self._ticket is not None:
            self._ticket.cancel()
            self._over()

    def _progress(self, ticket: Ticket, title: str, progress: Progress) -> None:
        if ticket is self._ticket:
            self.progressed.emit(title, progress)

    def _made(self, ticket: Ticket, found: Timeline) -> None:
        if ticket is not self._ticket:
            return
        self._over()
        self.open = found
        if found.tracks and len(found.tracks) < self._people[0]:
            self.told.emit(self.tr("Only 1 person could be told apart.") if len(found.tracks) == 1 else
                           self.tr("Only {} people could be told apart.").format(len(found.tracks)))
        if found.not_kept:
            self.told.emit(self.tr("This was not kept. {}").format(found.not_kept))
        self.changed.emit()
        self.refresh()

    def _not_made(self, ticket: Ticket, path: Path, error: EarmarkError) -> None:
        if ticket is self._ticket:
            self._over()
            self.failed.emit(self.tr("{} could not be heard").format(path.name), error)

    def _over(self) -> None:
        self._ticket = self.making = None
        self.ended.emit()

    # --- changing -----------------------------------------------------------------------------------------------------

    def remove(self, timeline: Timeline) -> None:
        """Remove a timeline and what its strangers are known by; the file stays."""
        number = timeline.id
        if number is None:
            return

        def done(_: None) -> None:
            if self.open is not None and self.open.id == number:
                self.open = None
            self.told.emit(self.tr("The timeline of {} is removed. The recording stays.").format(timeline.path.name))
            self.refresh()

        self._change(lambda: self.app.timelines.remove(number), done, self.tr("The timeline was not removed"))

    def name(self, timeline: Timeline, stranger: int, name: str, anyway: bool = False) -> None:
        """Make a stranger a voice, here and in every other recording. anyway: also where it is unlike the voice of that name."""
        number = timeline.id
        if number is None:
            return

        def failed(error: EarmarkError) -> None:
            if isinstance(error, UnlikeVoice):
                self.doubted.emit(timeline, stranger, name, error)
            else:
                self.failed.emit(self.tr("Stranger {} was not named").format(stranger), error)

        self._jobs.run(self, lambda ticket: self.app.timelines.name_stranger(number, stranger, name, anyway), lane="store",
                       done=self._named, must_finish=True, failed=failed)

    def undo(self, naming_id: int | None = None) -> None:
        """Undo a naming, by default the last one; that not when voices were changed since, which is undone where it was done."""
        def work() -> Any:
            last = next(iter(self.app.timelines.namings()), None) if naming_id is None else None
            change = self.app.voices.history.next_undo()
            if last is not None and change is not None and change.at > max(last.made_at, self._since):
                raise EnrollmentError(self.tr("Voices were changed since. Take that back first, on the page where it was done."))
            return self.app.timelines.undo_naming(naming_id)

        def done(naming: Any) -> None:
            self.told.emit(self.tr("{} is a stranger again, as before.").format(naming.voice))
            self.refresh()

        self._change(work, done, self.tr("The naming was not undone"))

    def _named(self, naming: Any) -> None:
        self.named.emit(naming)
        self.refresh()

    def _change(self, work: Callable[[], Any], done: Callable[[Any], None], title: str) -> None:
        self._jobs.run(self, lambda ticket: work(), lane="store", done=done, must_finish=True,
                       failed=lambda error: self.failed.emit(title, error))

    # --- exporting ----------------------------------------------------------------------------------------------------

    def export(self, timeline: Timeline, kind: str, path: Path) -> None:
        """kind: rttm, csv, audacity or srt."""
        from engine.voices.timeline import exports

        self._jobs.run(self, lambda ticket: exports.write(timeline, kind, path), lane="files", must_finish=True,
                       done=lambda _: self.told.emit(self.tr("Exported {}.").format(path.name)),
                       failed=lambda error: self.failed.emit(self.tr("{} was not exported").format(path.name), error))
