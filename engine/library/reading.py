"""Hashing and decoding ahead of the encoder, in threads, in bounded memory."""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.audio.faults import told
from engine.audio.levels import PeaksBuilder
from engine.errors import DecodeError
from engine.library.files import AudioFiles, sha256_of
from engine.library.scan import Found
from engine.records import FileInfo, FloatArray
from engine.tasks import COMING_HOME_S, Ticket, beside, prefetched, result_of

SHORT_S = 60.0
"""Sounds up to this length are decoded as a whole, ahead; longer ones flow through in blocks."""
BLOCK_S = 30.0
PEAK_BINS = 160
WORKERS = 2
LOOKAHEAD = 16
"""Files read ahead: at most LOOKAHEAD × SHORT_S × 64 kB/s = 61 MB at 16 kHz."""
BLOCKS_AHEAD = 2


@dataclass(frozen=True)
class Decoded:
    """A short sound in memory. blocks: mono float32 at the encoder's rate. peaks: uint8 (PEAK_BINS,)."""

    info: FileInfo
    duration_s: float
    peaks: NDArray[np.uint8] = field(repr=False)
    blocks: list[FloatArray] = field(repr=False)


@dataclass(frozen=True)
class Prepared:
    """A file that was read: its hash and, unless its content is known or it is long, its sound.

    claimed: nobody else brings this content. reason: why it could not be read. lasting: it would be the same next time,
    as long as the file stays the same. vanished: the file is not there any more.
    """

    found: Found
    sha256: str = ""
    claimed: bool = False
    decoded: Decoded | None = None
    reason: str = ""
    lasting: bool = False
    vanished: bool = False


class Claims:
    """Which contents need no decoding: they have vectors, or another file of this scan brings the same content."""

    def __init__(self, known: Iterable[str]) -> None:
        self._known = set(known)
        self._guard = threading.Lock()

    def claim(self, sha256: str) -> bool:
        """True for the first who asks for a content that has no vectors."""
        with self._guard:
            if sha256 in self._known:
                return False
            self._known.add(sha256)
            return True


class Reader:
    """Prepares files; `stop` makes the threads come home."""

    def __init__(self, files: AudioFiles, rate_hz: int, claims: Claims) -> None:
        self._files = files
        self._rate_hz = rate_hz
        self._claims = claims
        self._stopped = threading.Event()

    def stop(self) -> None:
        self._stopped.set()

    def ahead(self, found: Iterable[Found], ticket: Ticket,
              stuck: Callable[[Found], None] = lambda found: None) -> Generator[Prepared, None, None]:
        """Prepared files in order, read by WORKERS threads up to LOOKAHEAD files ahead. Close it to stop.

        stuck: told again and again which file does not answer. Raises Cancelled, also while a file does not answer.
        """
        return _ahead(self.prepare, found, self.stop, ticket, stuck)

    def prepare(self, found: Found) -> Prepared:
        try:
            sha256 = sha256_of(found.path, lambda: not self._stopped.is_set())
        except FileNotFoundError:
            return Prepared(found, reason="The file disappeared during the scan.", vanished=True)
        except OSError as error:
            return Prepared(found, reason=f"The file cannot be read: {error.strerror or error}.")
        return self.decoded(found, sha256) if self._claims.claim(sha256) else Prepared(found, sha256)

    def decoded(self, found: Found, sha256: str) -> Prepared:
        """A file with its sound, if it is short; or with the reason why it cannot be read."""
        try:
            with told(found.path):
                return Prepared(found, sha256, claimed=True, decoded=self._decode(found.path))
        except DecodeError as error:
            return self.refused(found, sha256, error)

    def refused(self, found: Found, sha256: str, error: DecodeError) -> Prepared:
        """A file that could not be decoded, with the reason; it may have disappeared meanwhile."""
        vanished = not found.path.exists()
        reason = "The file disappeared during the scan." if vanished else error.reason
        return Prepared(found, sha256, claimed=True, reason=reason, lasting=not vanished and not error.passing, vanished=vanished)

    def _decode(self, path: Path) -> Decoded | None:
        """The whole sound, or None where it is too long for that. Raises DecodeError."""
        info = self._files.info(path)
        if info.duration_s > SHORT_S:
            return None
        blocks: list[FloatArray] = []
        samples = 0
        peaks = _peaks(info, self._rate_hz)
        for block in self._files.stream(path, rate_hz=self._rate_hz, block_s=BLOCK_S):
            if self._stopped.is_set():
                raise DecodeError(path, "stopped.")
            samples += len(block)
            if samples > 2 * SHORT_S * self._rate_hz:  # the header was wrong about the length
                return None
            blocks.append(block)
            peaks.push(block)
        if not samples:
            raise DecodeError(path, "there is no sound in it (0 samples).")
        return Decoded(info, samples / self._rate_hz, peaks.result(), blocks)

    def long(self, path: Path, ticket: Ticket) -> LongSound:
        """Raises DecodeError, Cancelled."""
        with told(path):
            info = result_of(beside(lambda: self._files.info(path), "read-header"), ticket, path.name)
        return LongSound(info, self._files, self._rate_hz, ticket)


class LongSound:
    """A sound that flows through in blocks; peaks and length are there once it has."""

    def __init__(self, info: FileInfo, files: AudioFiles, rate_hz: int, ticket: Ticket) -> None:
        self.info = info
        self._ticket = ticket
        self._files = files
        self._rate_hz = rate_hz
        self._peaks = _peaks(info, rate_hz)
        self._samples = 0

    def blocks(self, each: Callable[[float], None]) -> Iterator[FloatArray]:
        """The blocks, decoded one thread ahead. each: told the seconds so far; may raise to stop. Raises DecodeError, Cancelled.
        """
        with told(self.info.path):
            decoding = self._files.stream(self.info.path, rate_hz=self._rate_hz, block_s=BLOCK_S)
            for block in prefetched(decoding, BLOCKS_AHEAD, self._ticket, self.info.path.name):
                each(self.duration_s)
                self._samples += len(block)
                self._peaks.push(block)
                yield block

    def decoded(self) -> Decoded:
        """What is known after all blocks were taken; without the blocks themselves."""
        return Decoded(self.info, self.duration_s, self._peaks.result(), [])

    @property
    def duration_s(self) -> float:
        return self._samples / self._rate_hz


def _ahead(work: Callable[[Found], Prepared], items: Iterable[Found], stop: Callable[[], None], ticket: Ticket,
           stuck: Callable[[Found], None]) -> Generator[Prepared, None, None]:
    """Own threads, because those of a pool are waited for when the program ends, even where they hang in a file."""
    jobs: queue.SimpleQueue[tuple[Found, Future[Prepared]] | None] = queue.SimpleQueue()
    waiting: deque[tuple[Found, Future[Prepared]]] = deque()

    def run() -> None:
        while (job := jobs.get()) is not None:
            item, future = job
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(work(item))
                except BaseException as error:  # noqa: BLE001 - carried over to the thread that asked
                    future.set_exception(error)

    def first() -> Prepared:
        item, future = waiting.popleft()
        return result_of(future, ticket, item.path.name, lambda: stuck(item))

    threads = [threading.Thread(target=run, name=f"read-ahead-{number}", daemon=True) for number in range(WORKERS)]
    for thread in threads:
        thread.start()
    try:
        for item in items:
            waiting.append((item, Future()))
            jobs.put(waiting[-1])
            if len(waiting) >= LOOKAHEAD:
                yield first()
        while waiting:
            yield first()
    except BaseException:  # closed early: nobody waits for what is being read
        stop()
        for _, future in waiting:
            future.cancel()
        raise
    finally:
        until = time.monotonic() + COMING_HOME_S
        for _ in threads:
            jobs.put(None)
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))


def _peaks(info: FileInfo, rate_hz: int) -> PeaksBuilder:
    return PeaksBuilder(info.duration_s, rate_hz, PEAK_BINS)
