"""From the files that are there to the sounds of the library: what is new, changed, moved, gone.

A file is the same as before when path, size and time of change are. Otherwise its content is hashed, and then
  - its row has that content: only the times are taken over                              unchanged
  - a row whose file is gone has that content: the row moves here, with all it has       moved
  - its row has another content: it is analysed again                                    updated
  - it has no row: it gets one                                                           added
Contents that have vectors already are not analysed again: equal files share them.
"""

from __future__ import annotations

import logging
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.encoders.protocols import TextAudioEncoder
from engine.errors import Cancelled, DecodeError, EncoderError, ListBroken, ShapeError
from engine.index import unit
from engine.library.analysis import Outcome, analyse, analyse_long, seconds
from engine.library.reading import Claims, Prepared, Reader
from engine.library.scan import GONE, Found, Seen, device_if_online
from engine.library.writing import Writer
from engine.records import EncoderSpec, Failure, Folder, ScanReport
from engine.store import KnownSound, NewSound, SameAs, Store
from engine.tasks import STUCK_S, Ticket, beside, result_of

BATCH_S = 120.0
BATCH_FILES = 24
"""Short sounds handed to the encoder together, and committed together: what a kill can cost."""
REPORT_EVERY_S = 0.1

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """A file whose content is to be written, the row it belongs to (None: a new one), and what is counted then."""

    prepared: Prepared
    row: int | None
    outcome: str


class Indexing:
    """One run over what a walk saw; `run` once.

    encoder: called only when there is something to analyse. reader: made with the contents that need no decoding.
    folders: by id. pending: the library is not searched in this space yet.
    """

    def __init__(self, store: Store, spec: EncoderSpec, encoder: Callable[[], TextAudioEncoder],
                 reader: Callable[[Claims], Reader], seen: Seen, folders: Mapping[int, Folder], ticket: Ticket,
                 pending: bool = False) -> None:
        self._store = store
        self._spec = spec
        self._encoder = encoder
        self._seen = seen
        self._folders = folders
        self._ticket = ticket
        known = store.sounds.known(spec)
        self._rows = {sound.path: sound for sound in known}
        self._holds = {sound.id: sound.sha256 for sound in known if sound.indexed}  # row → content it has vectors of
        self._holders: defaultdict[str, set[int]] = defaultdict(set)  # the other way round
        for row, sha256 in self._holds.items():
            self._holders[sha256].add(row)
        self._gone: defaultdict[str, list[KnownSound]] = defaultdict(list)
        self._reader = reader(Claims(self._holders))
        self._writer = Writer(store, spec, self._finished, pending)
        self._batch: list[Job] = []
        self._waiting: defaultdict[str, list[Job]] = defaultdict(list)  # for another file of the same content
        self._settled: dict[str, tuple[str, EncoderSpec | None]] = {}  # contents analysed in this run: ("", None), or
        # why that failed and the spec of the encoder, if it was the encoder that refused
        self._counts: Counter[str] = Counter()
        self._failed = list(seen.failed)
        self._audio_s = 0.0
        self._done = self._total = 0
        self._taken = self._open = 0  # files that were read; those of them whose outcome is not known yet
        self._began = self._reported = 0.0

    def run(self) -> ScanReport:
        """Bring the library to what was seen. Raises Cancelled (what is finished is kept), EncoderError, StoreError."""
        self._began = time.monotonic()
        todo, stale = self._plan()
        self._total = len(todo)
        self._store.sounds.mark_scan(0, self._total)
        prepared = self._reader.ahead(todo, self._ticket, self._stuck)
        try:
            for one in prepared:
                self._report(one.found)
                self._taken += 1
                self._take(one)
                self._done += 1
            self._analyse_batch()
            while self._waiting:  # whoever should have brought their content disappeared
                job = self._waiting[next(iter(self._waiting))].pop()
                self._settle_waiting(job.prepared.sha256, job)
        except (Cancelled, EncoderError, ListBroken):
            self._writer.flush()
            raise
        finally:
            prepared.close()
        self._report(None)
        self._remove_gone()
        self._writer.finish(stale, self._seen.devices)
        counts = self._counts
        return ScanReport(counts["added"], counts["updated"], counts["moved"], counts["unchanged"], counts["removed"],
                          tuple(self._failed), self._audio_s, time.monotonic() - self._began,
                          passed_over=self._seen.passed_over())

    @property
    def written(self) -> int:
        """How many sounds are committed so far, new or in a new place or state."""
        return sum(self._counts[outcome] for outcome in ("added", "updated", "moved"))

    # --- decisions ---

    def _plan(self) -> tuple[list[Found], list[Path]]:
        """The files that have to be read, and those whose failure need not be remembered any more."""
        there = {found.path for found in self._seen.found}
        for sound in self._rows.values():
            if sound.path not in there and self._seen.vouches_for(sound):
                self._gone[sound.sha256].append(sound)
        refused = {failure.path: failure for failure in self._store.sounds.failures(self._spec)}
        todo = []
        for found in self._seen.found:
            row, before = self._rows.get(found.path), refused.get(found.path)
            if before is not None and before.key == found.key:
                self._failed.append(Failure(found.path, before.reason))
            elif row is not None and row.indexed and (row.key, row.folder_id) == (found.key, found.folder_id):
                self._counts["unchanged"] += 1
            else:
                todo.append(found)
        return todo, [path for path in refused if path not in there]

    def _take(self, prepared: Prepared) -> None:
        found, sha256 = prepared.found, prepared.sha256
        row = self._rows.get(found.path)
        if prepared.reason:
            self._refuse(prepared, prepared.reason)
        elif row is not None and row.sha256 == sha256:
            if row.indexed:
                self._writer.place(row.id, found)
                self._counts["unchanged"] += 1
            else:
                self._copy_or_analyse(Job(prepared, row.id, "updated"))
        elif self._gone[sha256]:
            moved = min(self._gone[sha256], key=lambda sound: (sound.path.name != found.path.name, sound.id))
            self._gone[sha256].remove(moved)
            if row is not None:  # its file was replaced by one that has a row of its own
                self._gone[row.sha256].append(row)
            if moved.indexed:
                self._writer.place(moved.id, found)
                self._counts["moved"] += 1
            else:
                self._copy_or_analyse(Job(prepared, moved.id, "moved"))
        elif row is not None:
            self._copy_or_analyse(Job(prepared, row.id, "updated"))
        else:
            self._copy_or_analyse(Job(prepared, None, "added"))

    def _copy_or_analyse(self, job: Job) -> None:
        prepared, sha256 = job.prepared, job.prepared.sha256
        self._let_go(job.row)
        reason, refused_by = self._settled.get(sha256, ("", None))
        source = min(self._holders[sha256], default=None)
        if source is not None:
            found = prepared.found
            self._write(job, NewSound(found.path, found.folder_id, found.key, sha256, job.row, SameAs(source)))
        elif reason:
            self._refuse(Prepared(prepared.found, sha256, lasting=True), reason, refused_by)
        elif prepared.claimed or sha256 in self._settled:
            self._analyse(job)
        else:
            self._waiting[sha256].append(job)

    # --- analysis ---

    def _analyse(self, job: Job) -> None:
        """Put a sound into the batch, or analyse it at once where it is long."""
        prepared = job.prepared
        if not prepared.claimed:  # its vectors were there when it was hashed, and are not now
            found, sha256 = prepared.found, prepared.sha256
            prepared = result_of(beside(lambda: self._reader.decoded(found, sha256), "decode"), self._ticket, found.path.name)
            job = Job(prepared, job.row, job.outcome)
        if prepared.reason:
            self._refuse(prepared, prepared.reason)
        elif prepared.decoded is not None:
            self._open += 1
            self._batch.append(job)
            if len(self._batch) >= BATCH_FILES or sum(seconds(one.prepared) for one in self._batch) >= BATCH_S:
                self._analyse_batch()
        else:
            self._analyse_batch()
            self._open += 1
            self._keep(job, analyse_long(self._encoder(), self._reader, prepared.found.path, self._ticket,
                                         lambda part: self._report(prepared.found, part)))
            self._commit([prepared.sha256])

    def _analyse_batch(self) -> None:
        batch, self._batch = self._batch, []
        if batch:
            for job, outcome in zip(batch, analyse(self._encoder(), [job.prepared for job in batch]), strict=True):
                self._keep(job, outcome)
        self._commit([job.prepared.sha256 for job in batch])

    def _keep(self, job: Job, outcome: Outcome) -> None:
        """Hand one analysed sound to the writer, or its failure to the report. Raises what is no fault of the file."""
        found, sha256 = job.prepared.found, job.prepared.sha256
        self._open -= 1
        try:
            new = _new_sound(job, outcome)
        except DecodeError as error:
            looked = beside(lambda error=error: self._reader.refused(found, sha256, error), "look-at-file")  # type: ignore[misc]
            self._refuse(result_of(looked, self._ticket, found.path.name), error.reason)
        except ShapeError as error:
            self._refuse(Prepared(found, sha256, claimed=True, lasting=True), str(error), self._spec)
        else:
            self._audio_s += new.duration_s
            self._settled[sha256] = ("", None)
            self._write(job, new)

    def _commit(self, contents: list[str]) -> None:
        """Write what is ready, then the files that waited for the same contents."""
        self._writer.flush()
        for sha256 in contents:
            for job in self._waiting.pop(sha256, []):
                self._copy_or_analyse(job)

    def _settle_waiting(self, sha256: str, job: Job) -> None:
        if not self._waiting[sha256]:
            del self._waiting[sha256]
        self._settled.setdefault(sha256, ("", None))
        self._copy_or_analyse(job)
        self._analyse_batch()

    # --- the state that follows along ---

    def _finished(self) -> tuple[int, int]:
        """How many files are written or refused, and of how many that had to be read."""
        return self._taken - self._open - sum(map(len, self._waiting.values())), self._total

    def _write(self, job: Job, new: NewSound) -> None:
        def written(row: int) -> None:
            self._counts[job.outcome] += 1
            self._holds[row] = new.sha256
            self._holders[new.sha256].add(row)

        self._writer.put(new, written)

    def _let_go(self, row: int | None) -> None:
        """This row is about to get another content: nobody may copy its old one from now on."""
        if row is not None and row in self._holds:
            self._holders[self._holds.pop(row)].discard(row)

    def _refuse(self, prepared: Prepared, reason: str, spec: EncoderSpec | None = None) -> None:
        """Report a file. What the library holds of it stays as it is. spec: where the encoder refused it."""
        found = prepared.found
        if prepared.vanished:
            if found.folder_id in self._seen.offline or self._went_offline(found.folder_id):
                return
            self._seen.unsure.add(found.path)
        elif prepared.lasting:
            self._writer.refuse(found, reason, spec)
        self._failed.append(Failure(found.path, reason))
        if prepared.lasting and prepared.claimed:
            self._settled[prepared.sha256] = (reason, spec)
            for job in self._waiting.pop(prepared.sha256, []):
                self._refuse(Prepared(job.prepared.found, prepared.sha256, lasting=True), reason, spec)

    def _went_offline(self, folder_id: int) -> bool:
        """Whether the folder itself disappeared since the walk; that is reported once."""
        folder = self._folders[folder_id]
        looked = beside(lambda: device_if_online(folder.path, 1, self._seen.devices.get(folder_id)), "look-at-folder")
        if result_of(looked, self._ticket, folder.path.name) is not None:
            return False
        self._seen.offline.add(folder_id)
        self._failed.append(Failure(folder.path, GONE))
        return True

    def _remove_gone(self) -> None:
        gone = [sound for sounds in self._gone.values() for sound in sounds]
        for folder_id in {sound.folder_id for sound in gone} - self._seen.offline:
            self._went_offline(folder_id)
        gone = [sound for sound in gone if self._seen.vouches_for(sound)]
        self._writer.remove([sound.id for sound in gone])
        self._counts["removed"] += len(gone)

    def _stuck(self, found: Found) -> None:
        """Say which file does not answer."""
        if time.monotonic() - self._reported >= STUCK_S:
            log.warning("a file does not answer, %d of %d", self._done, self._total)
            self._reported = time.monotonic()
            self._ticket.report(self._done, self._total, f"Waiting for {found.path.name}")

    def _report(self, found: Found | None, part: float = 0.0) -> None:
        """Tell how far the run is, not too often. part: of the file that is being worked on, 0–1. Raises Cancelled."""
        self._ticket.check()
        now = time.monotonic()
        if found is None or now - self._reported >= REPORT_EVERY_S:
            self._reported = now
            rate = self._audio_s / (now - self._began) if self._audio_s else None
            self._ticket.report(self._done + part, self._total, found.path.name if found else "", "× real time", rate)


def _new_sound(job: Job, outcome: Outcome) -> NewSound:
    """Raises the error that the outcome is; ShapeError for vectors without direction."""
    sound, result = outcome
    if isinstance(result, Exception):
        raise result
    if not result.spans:
        raise ShapeError("There is no sound in it.")
    assert sound is not None
    found, info, vectors = job.prepared.found, sound.info, unit(result.vectors)
    return NewSound(found.path, found.folder_id, found.key, job.prepared.sha256, job.row, None, sound.duration_s,
                    info.rate_hz, info.channels, info.format, sound.peaks, result.tags, result.spans, vectors)
