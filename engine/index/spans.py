"""The spans of sounds in one space, ready to be searched.

`SpanIndex` is what search, tagging and maps ask. `ExactIndex` compares with every span: a matrix, which may be mapped from a
file, and beside it columns that say which of its rows belongs to which stretch of which sound. An index never changes; `applied`
gives the next one, which shares its columns with the one before: what is new is written behind them, what is gone is marked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.errors import ShapeError
from engine.index.ranking import BoolArray, IntArray, ranked_groups
from engine.index.vectors import unit
from engine.records import FloatArray, Span

Doubles = NDArray[np.float64]
Moments = tuple[Doubles, Doubles]
"""Mean and standard deviation of the similarities of all spans to each of t queries: float64 (t,), (t,)."""
Combine = Callable[[FloatArray, IntArray, Moments], FloatArray]
"""Similarities of m spans to t queries, float32 (t, m), in order of their sounds; int64 (g,), where each sound begins; and what
is usual → one similarity for each span, float32 (m,)."""

LEAST_GONE = 1_000
GONE_SHARE = 0.25  # of the sounds in the columns; with more, what is gone is left out for good
ROOM = 0.125  # of a column, more than it needs


@dataclass(frozen=True)
class Changes:
    """sounds: int64 (c,), ids of all that are new, different or gone. The others are a span each, in order of sounds and time:
    ids, folder_ids, rows: int64 (m,), of the sound, of its folder, of the matrix. start_s, end_s: float64 (m,). lost: int64, ids
    of those that are left out because their vectors are not what was written."""

    sounds: IntArray
    ids: IntArray
    folder_ids: IntArray
    rows: IntArray
    start_s: Doubles
    end_s: Doubles
    lost: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))


@dataclass(frozen=True)
class Hits:
    """Sounds, nearest first: their ids and the stretch that is nearest, int64 (k,), float64 (k,) twice; similarity: float32 (k,).
    compared: how many sounds were allowed."""

    ids: IntArray
    start_s: Doubles
    end_s: Doubles
    similarity: FloatArray
    compared: int


@dataclass(frozen=True)
class Portion:
    """Some sounds with their vectors. ids: int64 (g,). vectors: float32 (m, dim). starts: int64 (g,), where each sound begins."""

    ids: IntArray
    vectors: FloatArray
    starts: IntArray


class SpanIndex(Protocol):
    """All sounds of one space at one version of the library. Immutable: any thread may use it.

    version: of the library. damaged: how many sounds are left out, because their vectors are lost or not what was written.
    """

    version: int

    @property
    def damaged(self) -> int: ...

    def __len__(self) -> int:
        """Sounds that can be found."""
        ...

    @property
    def sound_ids(self) -> IntArray:
        """Of all sounds that can be found, increasing: int64 (n,)."""
        ...

    def search(self, queries: FloatArray, k: int, *, combine: Combine | None = None, allowed: BoolArray | None = None,
               offset: int = 0) -> Hits:
        """The k nearest sounds after the first `offset`, each as near as its nearest span; ties by id.

        queries: float32 (t, dim), unit rows. combine: makes one similarity of the t (default: the first counts). allowed: from
        `only`. Raises ShapeError.
        """
        ...

    def moments(self, queries: FloatArray, allowed: BoolArray | None = None) -> Moments:
        """What is usual among the spans of all sounds, or of those that are allowed."""
        ...

    def only(self, folder_id: int | None = None, among: Sequence[IntArray] = (), without: Sequence[int] = ()) -> BoolArray:
        """Sounds of a folder, whose ids are in each of `among`, without some: what `search` may find. For this index alone."""
        ...

    def vectors(self, sound_id: int) -> FloatArray:
        """Of one sound, float32 (spans, dim); no rows when it has none."""
        ...

    def spans(self, sound_id: int) -> tuple[Span, ...]:
        """Of one sound, in order."""
        ...

    def means(self) -> tuple[IntArray, FloatArray]:
        """Every sound as one vector, the unit mean of its spans: ids, increasing, int64 (n,), and float32 (n, dim)."""
        ...

    def portions(self, spans: int, among: IntArray | None = None) -> Iterator[Portion]:
        """All sounds (or those of these ids) some at a time, with about so many spans together (one sound may have more)."""
        ...


class _Column:
    """Numbers that are only added to. Whoever holds the first n of them is not disturbed by those that follow."""

    def __init__(self, kind: type) -> None:
        self.held: NDArray[Any] = np.zeros(0, kind)
        self.used = 0

    def extended(self, length: int, more: NDArray[Any]) -> _Column:
        """The first `length` numbers and `more` behind them; in this column, where nobody went on from there before."""
        end, column = length + len(more), self
        if length != self.used or end > len(self.held):
            column = _Column(self.held.dtype.type)
            column.held = np.empty(end + int(ROOM * end) + 1, self.held.dtype)
            column.held[:length] = self.held[:length]
        column.held[length:end] = more
        column.used = end
        return column


_OF_SPANS = {"rows": np.int64, "start_s": np.float64, "end_s": np.float64}
_OF_SOUNDS = {"ids": np.int64, "folder_ids": np.int64, "starts": np.int64}


class ExactIndex:
    """See SpanIndex. Built by `empty` and `applied`; not by two threads at once."""

    def __init__(self, version: int, matrix: FloatArray, columns: dict[str, _Column], spans: int, alive: BoolArray,
                 lost: IntArray) -> None:
        """matrix: float32 (n, dim). columns: of which the first `spans`, and the first len(alive), belong to this index. alive:
        bool (g,), sounds that are not gone. lost: int64, ids of those that are left out."""
        self.version, self.matrix, self.lost = version, matrix, lost
        self._columns, self._alive = columns, alive
        self._rows, self._start_s, self._end_s = (columns[name].held[:spans] for name in _OF_SPANS)
        self._ids, self._folder_ids, self._starts = (columns[name].held[:len(alive)] for name in _OF_SOUNDS)
        self._count = int(alive.sum())
        self._last: tuple[bytes, FloatArray] = (b"", np.zeros((0, 0), np.float32))  # a page more asks the same

    @classmethod
    def empty(cls, dim: int) -> ExactIndex:
        """Of a space without sounds."""
        columns = {name: _Column(kind) for name, kind in {**_OF_SPANS, **_OF_SOUNDS}.items()}
        return cls(-1, np.zeros((0, dim), np.float32), columns, 0, np.zeros(0, bool), np.zeros(0, np.int64))

    def applied(self, version: int, matrix: FloatArray, changes: Changes) -> ExactIndex:
        """The index with these changes, over the matrix as it is now."""
        alive = self._alive & ~np.isin(self._ids, changes.sounds)
        begins = np.flatnonzero(np.diff(changes.ids, prepend=-1))
        new = {"ids": changes.ids[begins], "folder_ids": changes.folder_ids[begins], "starts": len(self._rows) + begins,
               "rows": changes.rows, "start_s": changes.start_s, "end_s": changes.end_s}
        length = {name: len(self._rows) for name in _OF_SPANS} | {name: len(alive) for name in _OF_SOUNDS}
        columns = {name: self._columns[name].extended(length[name], more) for name, more in new.items()}
        lost = np.union1d(np.setdiff1d(self.lost, changes.sounds), changes.lost)
        made = ExactIndex(version, matrix, columns, len(self._rows) + len(changes.rows),
                          np.concatenate([alive, np.ones(len(begins), bool)]), lost)
        gone = len(made._alive) - made._count
        cut = len(matrix) < len(self.matrix) and bool((made._rows >= len(matrix)).any())  # what is gone may have stood behind it
        return made._compact() if cut or gone > max(LEAST_GONE, GONE_SHARE * len(made._alive)) else made

    def __len__(self) -> int:
        return self._count

    @property
    def damaged(self) -> int:
        return len(self.lost)

    @property
    def sound_ids(self) -> IntArray:
        return np.sort(self._ids[self._alive])

    def search(self, queries: FloatArray, k: int, *, combine: Combine | None = None, allowed: BoolArray | None = None,
               offset: int = 0) -> Hits:
        each = self._compared(queries)
        similarity = each[0] if combine is None else combine(each, self._starts, self._usual(each, None))
        found = ranked_groups(similarity, k, starts=self._starts, ids=self._ids, offset=offset,
                              mask=self._alive if allowed is None else self._alive & allowed)
        return Hits(self._ids[found.index], self._start_s[found.row], self._end_s[found.row], found.similarity, found.compared)

    def moments(self, queries: FloatArray, allowed: BoolArray | None = None) -> Moments:
        return self._usual(self._compared(queries), allowed)

    def only(self, folder_id: int | None = None, among: Sequence[IntArray] = (), without: Sequence[int] = ()) -> BoolArray:
        mask = np.ones(len(self._ids), bool) if folder_id is None else self._folder_ids == folder_id
        for ids in among:
            mask &= np.isin(self._ids, ids)
        for one in without:
            mask &= self._ids != one
        return mask

    def vectors(self, sound_id: int) -> FloatArray:
        return np.asarray(self.matrix[self._rows[self._place(sound_id)]], np.float32)

    def spans(self, sound_id: int) -> tuple[Span, ...]:
        at = self._place(sound_id)
        return tuple(Span(float(start), float(end)) for start, end in zip(self._start_s[at], self._end_s[at], strict=True))

    def means(self) -> tuple[IntArray, FloatArray]:
        parts = [(one.ids, np.add.reduceat(one.vectors, one.starts, axis=0)) for one in self.portions(1 << 16)]
        if not parts:
            return np.zeros(0, np.int64), np.zeros((0, self.matrix.shape[1]), np.float32)
        ids = np.concatenate([some for some, _ in parts])
        order = np.argsort(ids, kind="stable")
        return ids[order], unit(np.concatenate([sums for _, sums in parts]))[order]

    def portions(self, spans: int, among: IntArray | None = None) -> Iterator[Portion]:
        slots = np.flatnonzero(self._alive if among is None else self._alive & np.isin(self._ids, among))
        sizes = self._sizes()[slots]
        ends = np.cumsum(sizes)
        first = 0
        while first < len(slots):
            before = ends[first] - sizes[first]
            behind = max(first + 1, int(np.searchsorted(ends, before + spans, side="right")))
            some, many = slots[first:behind], sizes[first:behind]
            starts = np.cumsum(many) - many
            places = np.repeat(self._starts[some] - starts, many) + np.arange(int(many.sum()))
            yield Portion(self._ids[some], np.asarray(self.matrix[self._rows[places]], np.float32), starts)
            first = behind

    def _compared(self, queries: FloatArray) -> FloatArray:
        """Cosines of all spans in the columns to each query, float32 (t, m); the matrix is read once, from its beginning."""
        if queries.ndim != 2 or queries.shape[1] != self.matrix.shape[1]:
            raise ShapeError(f"Queries of shape {queries.shape} cannot be compared with a matrix of shape {self.matrix.shape}.")
        if not np.isfinite(queries).all():
            raise ShapeError("The query holds NaN or infinity.")
        asked = np.ascontiguousarray(queries, np.float32)
        key, each = self._last
        if key != asked.tobytes():
            each = np.ascontiguousarray((np.asarray(self.matrix) @ asked.T)[self._rows].T)
            self._last = (asked.tobytes(), each)
        return each

    def _usual(self, each: FloatArray, allowed: BoolArray | None) -> Moments:
        slots = self._alive if allowed is None else self._alive & allowed
        wide = np.asarray(each if slots.all() else each[:, np.repeat(slots, self._sizes())], np.float64)
        if not wide.shape[1]:
            return np.zeros(len(wide)), np.zeros(len(wide))
        return wide.mean(axis=1), wide.std(axis=1)

    def _sizes(self) -> IntArray:
        """Spans of each sound in the columns."""
        return np.diff(self._starts, append=len(self._rows))

    def _place(self, sound_id: int) -> slice:
        """Where a sound's spans stand in the columns."""
        at = np.flatnonzero(self._alive & (self._ids == sound_id))
        if not len(at):
            return slice(0, 0)
        start = int(self._starts[at[0]])
        return slice(start, start + int(self._sizes()[at[0]]))

    def _compact(self) -> ExactIndex:
        """The same without what is gone."""
        spans, slots = np.repeat(self._alive, self._sizes()), self._alive
        ids = np.repeat(self._ids[slots], self._sizes()[slots])
        folders = np.repeat(self._folder_ids[slots], self._sizes()[slots])
        rest = Changes(self._ids[slots], ids, folders, self._rows[spans], self._start_s[spans], self._end_s[spans], self.lost)
        return ExactIndex.empty(self.matrix.shape[1]).applied(self.version, self.matrix, rest)
