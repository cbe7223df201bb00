"""Indexing what was left over, in the background: for another encoder, or of a scan that did not come to its end.

`Reindexing.of(context)` is shared by the window, Settings and the Library page. It asks the engine where a change stands,
scans as long as one is pending (or sounds wait for vectors in the space that is used, or the last scan was broken off), and
says what happened to an encoder that is lost. While it scans, others wait: `after(slot)` is called when it has come to its end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QObject, QTimer, Signal

from engine.errors import EarmarkError
from engine.records import JointState, ScanReport
from engine.tasks import Progress, Ticket
from gui.jobs import Jobs
from gui.words import count

if TYPE_CHECKING:
    from engine.app import Earmark
    from engine.records import UnfinishedScan
    from gui.context import Context

AGAIN_MS = 1000  # until it is tried again while another scan runs
FALLBACK = "compact"  # what is offered when an encoder is lost; it comes with the program


class Reindexing(QObject):
    """changed: `state`, `unfinished`, `running`, `stopped` or `failure` are others now.

    moved(progress): of the scan under way.    in_use_changed: the encoder in use is another one, or has to be loaded again.
    said(sentence): a toast.    refused(title, sentence): a choice could not be carried out; nothing was changed.
    """

    changed = Signal()
    moved = Signal(object)
    in_use_changed = Signal()
    said = Signal(str)
    refused = Signal(str, str)

    def __init__(self, app: Earmark, jobs: Jobs, parent: QObject) -> None:
        super().__init__(parent)
        self.app, self.jobs = app, jobs
        self.state: JointState | None = None
        self.unfinished: UnfinishedScan | None = None  # the last scan, where it was broken off and none runs
        self.progress: Progress | None = None
        self.failure = ""  # why the last run ended early
        self.load_failure = ""  # why the encoder in use could not be loaded
        self.stopped = False  # by the user; it goes on when it is told to, or with the next start
        self.choosing = ""  # the name that is being loaded
        self._ticket: Ticket | None = None
        self._after: list[Callable[[], object]] = []
        self._again = QTimer(self, interval=AGAIN_MS, singleShot=True)
        self._again.timeout.connect(self.go_on)

    @classmethod
    def of(cls, context: Context) -> Reindexing:
        """The one of a window."""
        found = context.jobs.findChild(cls)
        return found if found is not None else cls(context.app, context.jobs, context.jobs)

    @property
    def running(self) -> bool:
        return self._ticket is not None

    @property
    def pending(self) -> str:
        """The encoder that the library is being changed over to, or empty."""
        return self.state.pending if self.state is not None else ""

    def look(self, then_scan: bool = False) -> None:
        """Ask the engine where things stand. then_scan: and go on with what is pending."""
        def known(found: tuple[JointState, UnfinishedScan | None]) -> None:
            self.state, self.unfinished = found
            scan = self.unfinished
            if then_scan and not self.stopped and self.go_on() and scan is not None:
                self.said.emit(self.tr("{} It goes on now.").format(unfinished_words(scan)))
            self.changed.emit()

        self.jobs.run(self, lambda ticket: (self.app.joint_state(), self.app.library.unfinished()), lane="store", done=known,
                      failed=self._not_known)

    def look_again(self) -> None:
        """The user may have brought files back: load what is in use, and go on with what is pending."""
        self.load_failure = ""
        self.look(then_scan=True)
        self.in_use_changed.emit()

    def loaded(self, failure: str = "") -> None:
        """The encoder in use was loaded, or could not be; then go on with what is pending."""
        self.load_failure = failure
        self.look(then_scan=True)

    def begins(self) -> None:
        """Somebody else's scan begins, which goes on with whatever is left over."""
        self.stopped, self.unfinished = False, None
        self.changed.emit()

    def scanned(self, report: ScanReport) -> None:
        """Somebody else's scan came to its end; it may have changed the library over."""
        if report.changed_over:
            self._changed_over(report.encoder)

    def use(self, name: str) -> None:
        """Search the library with another encoder: loads it, then indexes for it where that is needed."""
        if self.choosing:
            return
        before = self.app.settings.value.joint
        self.choosing, self.failure = name, ""
        self.changed.emit()

        def done(state: JointState) -> None:
            self.choosing, self.state, self.stopped = "", state, False
            if state.in_use != before:
                self._changed_over(state.in_use)
            self.changed.emit()
            if self.running:  # for another encoder: nothing is lost by starting again
                self._stop()
                self.after(self.go_on)
            else:
                self.go_on()

        def failed(error: EarmarkError) -> None:
            self.choosing = ""
            self.refused.emit(self.tr("“{}” was not chosen. Nothing was changed.").format(name), str(error))
            self.look()

        self.jobs.run(self, lambda ticket: self.app.use_joint(name), lane="models", done=done, failed=failed)

    def go_on(self) -> bool:
        """Index what has no vectors yet, if there is anything and the encoder is there. True when that begins now."""
        state = self.state
        if self.running or state is None or state.lost:
            return False
        for_encoder = state.pending or state.indexed < state.sounds
        if not for_encoder and self.unfinished is None:
            return False
        if self.app.library.scanning:
            self._again.start()
            return False
        self.stopped, self.failure, self.progress, self.unfinished = False, "", None, None
        title = self.tr("Indexing for {}").format(state.pending or state.in_use) if for_encoder else self.tr("Indexing")
        self._ticket = self.jobs.run(
            self, lambda ticket: self.app.library.scan(ticket), lane="files", title=title,
            progress=self._moved, done=self._done, failed=self._failed, cancelled=self._cancelled)
        self.changed.emit()
        return True

    def stop(self) -> None:
        """Nothing goes on by itself for now, as the user wishes; what was indexed is kept."""
        self.stopped = True
        self._again.stop()
        self._stop()

    def give_up(self) -> None:
        """Stay with the encoder that is used; what was indexed for the other one goes."""
        if self.state is not None:
            self.use(self.state.in_use)

    def after(self, slot: Callable[[], object]) -> None:
        """Call slot once, when no scan of this runs any more."""
        if self.running:
            self._after.append(slot)
        else:
            slot()

    # --- inside ---

    def _stop(self) -> None:
        if self._ticket is not None:
            self._ticket.cancel()

    def _moved(self, progress: Progress) -> None:
        self.progress = progress
        self.moved.emit(progress)

    def _done(self, report: ScanReport) -> None:
        if report.changed_over:
            self._changed_over(report.encoder)
        elif report.waiting:
            self.failure = self.tr(
                "{} sounds could not be reached. Bring their folder back, or take it out of the library.").format(report.waiting)
        self._over()

    def _failed(self, error: EarmarkError) -> None:
        if self.app.library.scanning:  # another scan was quicker; it indexes for the same encoder
            self._again.start()
        else:
            self.failure = str(error)
        self._over()

    def _cancelled(self) -> None:
        self.stopped = not self._after  # also by the × of the status bar
        self._over()

    def _changed_over(self, name: str) -> None:
        self.load_failure = ""
        self.said.emit(self.tr("The library is searched with {} from now on.").format(name))
        self.in_use_changed.emit()

    def _over(self) -> None:
        self._ticket, self.progress = None, None
        waiting, self._after = self._after, []
        self.changed.emit()
        self.look()
        for slot in waiting:
            slot()

    def _not_known(self, error: EarmarkError) -> None:
        self.failure = str(error)
        self.changed.emit()


def unfinished_words(scan: UnfinishedScan) -> str:
    """That a scan was broken off, and how far it had come."""
    if scan.total is None or scan.done >= scan.total:  # all are indexed, what follows was not done: their tags
        return QCoreApplication.translate("Reindexing", "The last scan of the folders was broken off.")
    return QCoreApplication.translate("Reindexing", "The last scan stopped at {done} of {all} sounds.").format(
        done=count(scan.done), all=count(scan.total))
