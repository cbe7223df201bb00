"""The sound library as the window and the commands see it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from engine.audio import files as audio_files
from engine.encoders.protocols import TextAudioEncoder
from engine.errors import LibraryError, StoreError
from engine.library import general
from engine.library.files import AudioFiles
from engine.library.indexing import Indexing
from engine.library.localise import localise
from engine.library.queries import Queries
from engine.library.reading import BLOCK_S, BLOCKS_AHEAD, Reader
from engine.library.scan import Seen, walk
from engine.library.search import Filter, Search, called, said, term_vector
from engine.library.switching import Switching, Target
from engine.library.tagging import Tagging
from engine.library.terms import asked
from engine.records import (
    EncoderSpec,
    Failure,
    FloatArray,
    Folder,
    Label,
    LibraryStats,
    Localisation,
    ScanReport,
    SearchResult,
    Sound,
    Span,
    Term,
    UnfinishedScan,
)
from engine.store import Store
from engine.tasks import Ticket, beside, prefetched, result_of

FALLBACK_RATE_HZ = 16000
"""For an encoder that does not say at which rate it listens."""


class Library:
    """Folders of sounds, indexed and searchable. Thread-safe; one scan at a time.

    joint: gives the encoder, loading it the first time; called only when something has to be embedded. spec: its spec,
    without loading anything. files: how sound files are read. switching: where the choice of the encoder is kept, and may
    change; without it there is one for good.
    """

    def __init__(self, store: Store, joint: Callable[[], TextAudioEncoder], spec: Callable[[], EncoderSpec],
                 files: AudioFiles = audio_files, switching: Switching | None = None) -> None:
        self._store = store
        self._joint = joint
        self._spec = spec
        self._files = files
        self._switching = switching
        self._scanning = threading.Lock()
        self.tagging = Tagging(store, lambda: self._joint(), lambda: self._spec())
        self.queries = Queries(store)

    # --- folders ---

    def folders(self) -> list[Folder]:
        """All folders by path; online tells whether a folder can be reached now."""
        return self._store.sounds.folders()

    def add(self, path: Path) -> Folder:
        """Register a folder; `scan` reads it. A folder that is there already is given back.

        Folders of the library inside this one are taken over with their sounds. Raises LibraryError for something that
        is no folder, or that lies inside a folder of the library.
        """
        path = Path(os.path.abspath(Path(path).expanduser()))  # noqa: PTH100 - keeps symbolic links, unlike resolve
        if not os.path.isdir(path):  # noqa: PTH112 - is_dir raises for names that no system takes
            raise LibraryError(f"“{path.name}” is not a folder." if os.path.exists(path) else  # noqa: PTH110
                               f"There is no folder “{path}”.")
        real = path.resolve()
        inside = []
        for folder in self.folders():
            other = folder.path.resolve()
            if other == real:
                return folder
            if other in real.parents:
                raise LibraryError(f"“{path.name}” is part of the library already, as part of “{folder.path}”.")
            if real in other.parents:
                inside.append(folder.id)
        folder_id = self._store.sounds.add_folder(path, absorbing=inside)
        return next(folder for folder in self.folders() if folder.id == folder_id)

    def remove(self, path: Path) -> None:
        """Take a folder and its sounds out of the library; its files are not touched. Raises LibraryError."""
        path = Path(os.path.abspath(Path(path).expanduser()))  # noqa: PTH100
        for folder in self.folders():
            if folder.path == path or folder.path.resolve() == path.resolve():
                self._store.sounds.remove_folder(folder.id)
                return
        raise LibraryError(f"“{path}” is not a folder of the library.")

    # --- scanning ---

    @property
    def scanning(self) -> bool:
        """Whether a scan runs in this program."""
        return self._scanning.locked()

    def unfinished(self) -> UnfinishedScan | None:
        """The last scan, where it did not come to its end and none runs in this program; the next one goes on with it."""
        mark = None if self.scanning or not self._store.sounds.folder_ids() else self._store.sounds.scan_mark()
        return mark and UnfinishedScan(mark[0], mark[1] or None)

    def scan(self, ticket: Ticket | None = None) -> ScanReport:
        """Bring the library to what is in its folders now. May be stopped or killed at any time and repeated.

        While a change of the encoder is pending it indexes for the new one; see `engine.library.switching`.
        Files that could not be read stand in `failed`. Raises Cancelled (what is finished is kept), LibraryError while
        another scan runs, EncoderError, Busy, StoreError.
        """
        if not self._scanning.acquire(blocking=False):
            raise LibraryError("The folders are being looked through already.")
        try:
            ticket, sounds = ticket or Ticket(), self._store.sounds
            target = self._switching.target() if self._switching else Target("", self._spec(), self._joint)
            spec = target.spec
            sounds.begin_scan(spec)
            folders, seen = self._walked(ticket)
            indexing = Indexing(self._store, spec, target.encoder,
                                lambda claims: Reader(self._files, spec.rate_hz or FALLBACK_RATE_HZ, claims),
                                seen, {folder.id: folder for folder in folders}, ticket, target.pending)
            try:
                report = indexing.run()
                report = self._switching.finished(target, report) if self._switching else report
                self.tagging.refresh(ticket)
                sounds.end_scan()  # no sooner: whoever stops it while tags are made finds them made by the one that goes on
            except StoreError as error:
                if indexing.written:  # what is committed stays, so that nothing was changed cannot be said
                    error.args = (f"{str(error).removesuffix(' Nothing was changed.')} {_taken(indexing.written)} before that. "
                                  "The next scan goes on from there.",)
                raise
            return report
        finally:
            self._scanning.release()

    def _walked(self, ticket: Ticket) -> tuple[list[Folder], Seen]:
        """The folders, and what is in them now. Raises Cancelled, also while a disk does not answer."""
        place = "the folders of the library"

        def look() -> tuple[list[Folder], Seen]:
            folders = self._store.sounds.folders()
            return folders, walk(folders, self._files.SUFFIXES, self._store.sounds.folder_device, ticket)

        return result_of(beside(look, "walk"), ticket, place)

    # --- looking ---

    def stats(self) -> LibraryStats:
        return self._store.sounds.stats(self._spec(), self._store.database_bytes)

    def version(self) -> int:
        """The state of the library: another number after every change to its sounds, by whatever program."""
        return self._store.sounds.version()

    def sounds(self, folder_id: int | None = None, offset: int = 0, limit: int | None = None, under: Path | None = None,
               tags: Sequence[str] = ()) -> list[Sound]:
        """Sounds in order of their paths; of one folder of the library, below any folder, with all of these tags as in `search`.

        Raises LibraryError for a tag that no list has.
        """
        return self._store.sounds.list(folder_id, offset, limit, under, [called(tag, self._store) for tag in tags])

    def count(self, folder_id: int | None = None, under: Path | None = None, tags: Sequence[str] = ()) -> int:
        """How many sounds `sounds` would give without a limit. Raises LibraryError."""
        return self._store.sounds.count(folder_id, under, [called(tag, self._store) for tag in tags])

    def places(self, under: Path) -> dict[Path, int]:
        """How many sounds of the library stand in each place on the disk, in a folder (absolute) and below."""
        return self._store.sounds.places(under)

    def labels(self, sound_ids: Sequence[int]) -> dict[int, tuple[Label, ...]]:
        """What these sounds are tagged with, of all lists; sounds without a tag are left out."""
        return self._store.tags.of(sound_ids)

    def failures(self) -> list[Failure]:
        """Files that the scans so far could not take, in order of their paths; each until it changes or goes away.

        Remembered by the workspace. Not among them: places that could not be looked at, which only the report has.
        """
        return [Failure(one.path, one.reason) for one in self._store.sounds.failures(self._spec())]

    def sound(self, sound_id: int) -> Sound:
        """Raises LibraryError when it is not there any more."""
        return self._store.sounds.sound(sound_id)

    def vectors(self) -> tuple[list[Sound], FloatArray]:
        """All indexed sounds by id, each with its own vector: the unit mean of its spans. float32 (sounds, dim)."""
        index = self._store.sounds.index(self._spec())
        if not len(index) and self._overtaken():
            return self.vectors()
        ids, means = index.means()
        found = self._store.sounds.many(ids.tolist())
        there = np.fromiter((one in found for one in ids.tolist()), bool, len(ids))
        return [found[one] for one in ids[there].tolist()], means[there]

    def spans(self, sound_id: int) -> tuple[tuple[Span, ...], FloatArray]:
        """The spans of a sound and their vectors, float32 (spans, dim); none where it is not indexed for the space in use."""
        index = self._store.sounds.index(self._spec())
        return index.spans(sound_id), index.vectors(sound_id)

    def search(self, text: str = "", like: Path | int | None = None, k: int = 10, folder_id: int | None = None,
               offset: int = 0, under: Path | None = None, terms: Sequence[Term] = (), tags: Sequence[str] = ()) -> SearchResult:
        """Sounds most similar to a description, to a sound (a file, or the id of one of the library), or to all of several.

        terms: more of both, each with a weight, negative for what is to be left out; see `engine.library.terms`. A sound
        is as similar as its best span, which is given with it. Sounds asked for by their id are kept out of the results.
        folder_id, under, tags: only sounds of this folder of the library, below this path (absolute), with all of these tags
        (`label`, or `list:label`); the others are not compared at all. Raises UsageError when nothing is asked;
        LibraryError, DecodeError, WeightsMissing.
        """
        search = Search(self._store, self._files, asked(text, like, terms), Filter(folder_id, under, tuple(tags)))
        while True:
            spec = self._spec()
            empty = not len(self._store.sounds.index(spec))
            encoder = None if empty else self._joint()  # its own spec: the library may have changed over since the line above
            found = search.result(encoder.spec if encoder else spec, encoder, k, offset)
            if found.sounds or not self._overtaken():
                return found

    def localise(self, sound: int | Path, text: str = "", like: Path | int | None = None, terms: Sequence[Term] = (),
                 ticket: Ticket | None = None) -> Localisation:
        """Where in a sound (of the library, or any file) a question is heard; terms as in `search`. Memory is bounded.

        Raises UsageError, LibraryError, DecodeError, EncoderError, WeightsMissing, Cancelled.
        """
        began, wanted, ticket = time.perf_counter(), asked(text, like, terms), ticket or Ticket()
        path = self.sound(sound).path if isinstance(sound, int) else sound
        total_s = result_of(beside(lambda: self._files.info(path), "read-header"), ticket, path.name).duration_s
        query = said(wanted, self._store)
        encoder = self._joint()
        index = self._store.sounds.index(encoder.spec)
        vectors = np.stack([term_vector(term, self._store, index, encoder, self._files) for term in wanted])
        rate_hz = encoder.spec.rate_hz or FALLBACK_RATE_HZ
        decoding = self._files.stream(path, rate_hz=rate_hz, block_s=BLOCK_S)
        sounds = None if all(term.text for term in wanted) else general.sounds(encoder, self._store.folder / "captions")
        # whatever happens, the thread that decodes comes home
        with closing(prefetched(decoding, BLOCKS_AHEAD, ticket, path.name)) as blocks:
            found = localise(encoder, blocks, vectors, [term.weight for term in wanted],
                             [bool(term.text) for term in wanted], rate_hz,
                             lambda done_s, rate: ticket.report(done_s, total_s, path.name, "× real time", rate), sounds)
        return Localisation(path, query, found.duration_s, found.starts_s, found.ends_s,
                            tuple(float(one) for one in found.similarities), found.spans, found.threshold,
                            1000 * (time.perf_counter() - began))

    def _overtaken(self) -> bool:
        """Where nothing is found: whether that is because another program changed the library over to another encoder."""
        return self._switching is not None and self._switching.overtaken()


def _taken(sounds: int) -> str:
    return "1 sound was taken in" if sounds == 1 else f"{sounds} sounds were taken in"
