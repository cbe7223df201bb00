"""Finding sounds by words, by examples, by both; with terms to leave out, and only where a tag was found."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.encoders.protocols import TextAudioEncoder
from engine.errors import LibraryError, TagUnknown
from engine.index import BoolArray, SpanIndex, unit_mean
from engine.library import terms as arithmetic
from engine.library.files import AudioFiles
from engine.records import EncoderSpec, FloatArray, Match, SearchResult, Span, Term
from engine.store import Store
from engine.texts import name_key


@dataclass(frozen=True)
class Filter:
    """Which sounds are compared at all. folder_id: of the library. under: below this folder, absolute. tags: see Search."""

    folder_id: int | None = None
    under: Path | None = None
    tags: tuple[str, ...] = ()


class Search:
    """One question to the library; see `terms` for how several terms make one similarity."""

    def __init__(self, store: Store, files: AudioFiles, terms: Sequence[Term], only: Filter) -> None:
        """terms: as `terms.asked` gives them."""
        self._store = store
        self._files = files
        self._terms = terms
        self._only = only

    def result(self, spec: EncoderSpec, encoder: TextAudioEncoder | None, k: int, offset: int = 0) -> SearchResult:
        """The k nearest sounds after the first `offset`. Sounds of the library that are examples are kept out.

        encoder: may be None where the library is empty. Raises LibraryError, DecodeError, EncoderError.
        """
        began = time.perf_counter()
        index = self._store.sounds.index(spec)
        allowed = self._allowed(index)
        if not len(index) or encoder is None:
            return SearchResult(self._said(), (), 0, 1000 * (time.perf_counter() - began), index.damaged)
        vectors = np.stack([term_vector(term, self._store, index, encoder, self._files) for term in self._terms])  # (t, dim)
        hits = index.search(vectors, k, allowed=allowed, offset=offset,
                            combine=arithmetic.combination([term.weight for term in self._terms]))
        ids = hits.ids.tolist()
        sounds, labels = self._store.sounds.many(ids), self._store.tags.of(ids)
        matches = tuple(Match(sounds[one], min(1.0, max(-1.0, float(value))), Span(start_s, end_s), labels.get(one, ()))
                        for one, start_s, end_s, value in zip(ids, hits.start_s.tolist(), hits.end_s.tolist(), hits.similarity,
                                                              strict=True) if one in sounds)
        return SearchResult(self._said(), matches, hits.compared, 1000 * (time.perf_counter() - began), index.damaged)

    def _allowed(self, index: SpanIndex) -> BoolArray:
        only, among = self._only, []
        if only.under is not None:
            among.append(self._store.sounds.ids(only.under))
        among += [self._store.tags.ids(called(tag, self._store)) for tag in only.tags]
        return index.only(only.folder_id, among, [term.like for term in self._terms if isinstance(term.like, int)])

    def _said(self) -> str:
        return said(self._terms, self._store)


def called(tag: str, store: Store) -> list[tuple[int, int]]:
    """The labels that are meant by `label` (of any list) or `list:label`, whatever the capitals: (list, place in it) of each.

    What stands before the colon of labels like “Doors: wood” names all of them. Raises TagUnknown where there is none.
    """
    lists, wanted = store.tags.lists(), name_key(tag)
    found = [(one.id, at) for one in lists for at, here in enumerate(one.labels) if _names(wanted, here)]
    for one in [] if found else lists:
        prefix = name_key(one.name) + ":"
        if wanted.startswith(prefix):
            rest = name_key(wanted.removeprefix(prefix))
            found += [(one.id, at) for at, here in enumerate(one.labels) if _names(rest, here)]
    if not found:
        raise TagUnknown(tag, [one.name for one in lists])
    return found


def term_vector(term: Term, store: Store, index: SpanIndex, encoder: TextAudioEncoder, files: AudioFiles) -> FloatArray:
    """Unit float32 (dim,); of a sound of the library, from its stored vectors. Raises LibraryError, DecodeError, EncoderError."""
    if not isinstance(term.like, int):
        return arithmetic.vector(term, encoder, files)
    vectors = index.vectors(term.like)
    if not len(vectors):
        store.sounds.sound(term.like)
        raise LibraryError("This sound is not indexed yet. Look through the folders again.")
    return unit_mean(vectors)


def said(terms: Sequence[Term], store: Store) -> str:
    """A question in a line, sounds of the library by their names. Raises LibraryError."""
    return arithmetic.written([Term(store.sounds.sound(term.like).path.name, None, term.weight)
                               if isinstance(term.like, int) else term for term in terms])


def _names(wanted: str, label: str) -> bool:
    """wanted: as `name_key` gives it."""
    return wanted in (name_key(label), name_key(label.partition(":")[0]))
