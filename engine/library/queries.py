"""Saved searches: kept with a name, opened again later, also when a sound they use has gone."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from engine.errors import LibraryError
from engine.library.terms import asked
from engine.records import SavedQuery, Term
from engine.store import Store


class Queries:
    """The saved searches of a workspace. Thread-safe; capitals do not tell names apart."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def list(self) -> list[SavedQuery]:
        """All saved searches by name; sounds in them are files, which may be gone. Raises LibraryError (damaged)."""
        return self._store.queries.list()

    def named(self, name: str) -> SavedQuery | None:
        """The search that is kept under a name, as it was saved; None where there is none, or it is damaged."""
        with suppress(LibraryError):
            return self._store.queries.find(name)
        return None

    def save(self, name: str, text: str = "", like: Path | int | None = None, terms: Sequence[Term] = (),
             tags: Sequence[str] = (), under: Path | None = None) -> SavedQuery:
        """Keep a search, as `Library.search` takes it, in place of one of the same name.

        Raises UsageError (nothing asked, no name), LibraryError (a sound that is not there), Busy, StoreError.
        """
        kept = tuple(replace(term, like=self._file(term.like)) for term in asked(text, like, terms))
        query = SavedQuery(" ".join(name.split()), kept, tuple(tags), under, datetime.now(UTC))
        self._store.queries.save(query)
        return query

    def open(self, name: str) -> SavedQuery:
        """A saved search to be asked again: `search(terms=q.terms, tags=q.tags, under=q.under)`.

        A sound whose file is gone is named by its id where the library holds its vectors. Raises LibraryError when there is
        no such search, or a sound in it is gone.
        """
        query = self._store.queries.find(name)
        if query is None:
            raise LibraryError(f"No saved search is called “{name}”.")
        return replace(query, terms=tuple(self._there(query, term) for term in query.terms))

    def rename(self, old: str, new: str) -> None:
        """Raises LibraryError (no such search, or the name is taken), UsageError, Busy, StoreError."""
        self._store.queries.rename(old, new)

    def remove(self, name: str) -> None:
        """Raises LibraryError, Busy, StoreError."""
        self._store.queries.remove(name)

    def _file(self, like: Path | int | None) -> Path | None:
        return self._store.sounds.sound(like).path if isinstance(like, int) else like and like.expanduser().absolute()

    def _there(self, query: SavedQuery, term: Term) -> Term:
        if not isinstance(term.like, Path) or term.like.is_file():
            return term
        sound = self._store.sounds.find(term.like)
        if sound is None:
            raise LibraryError(f"The saved search “{query.name}” looks for sounds like “{term.like.name}”, but that file is gone "
                               f"from {term.like.parent}. Put it back, or save the search again with another sound.")
        return replace(term, like=sound.id)
