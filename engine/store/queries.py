"""Searches that were given a name. What is asked is JSON, checked whenever it is read."""

from __future__ import annotations

import builtins
import json
import logging
import math
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import delete, insert, select, update

from engine.errors import LibraryError, UsageError
from engine.records import SavedQuery, Term
from engine.store.database import Database
from engine.store.records import LONGEST_NAME
from engine.store.schema import saved_query
from engine.texts import name_key

log = logging.getLogger(__name__)

class QueryStore:
    """Reads and writes saved queries; capitals and spaces in names do not tell them apart. Writes raise Busy, StoreError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self) -> builtins.list[SavedQuery]:
        """All that can be read, by name; a damaged one is left out, and `find` says what is wrong with it."""
        found = []
        with self._database.reading() as connection:
            for row in connection.execute(select(saved_query).order_by(saved_query.c.name_key)):
                try:
                    found.append(_query(row))
                except LibraryError:
                    log.warning("a saved search is damaged")
        return found

    def find(self, name: str) -> SavedQuery | None:
        with self._database.reading() as connection:
            row = connection.execute(select(saved_query).where(saved_query.c.name_key == name_key(name))).one_or_none()
        return None if row is None else _query(row)

    def save(self, query: SavedQuery) -> None:
        """Keep a query, in place of one of the same name. Raises UsageError."""
        shown = checked_name(query.name)
        values = {"name": shown, "query": _written(query), "created_at": query.created_at.astimezone(UTC)}
        with self._database.writing() as connection:
            mine = saved_query.c.name_key == name_key(shown)
            if not connection.execute(update(saved_query).where(mine).values(values)).rowcount:
                connection.execute(insert(saved_query).values(name_key=name_key(shown), **values))

    def rename(self, old: str, new: str) -> None:
        """Raises LibraryError when there is none of the old name or one of the new, UsageError."""
        shown = checked_name(new)
        with self._database.writing() as connection:
            if name_key(old) != name_key(shown) and self.find(shown) is not None:
                raise LibraryError(f"A saved search called “{shown}” exists already.")
            if not connection.execute(update(saved_query).where(saved_query.c.name_key == name_key(old)).values(
                    name=shown, name_key=name_key(shown))).rowcount:
                raise LibraryError(f"No saved search is called “{old}”.")

    def remove(self, name: str) -> None:
        """Raises LibraryError."""
        with self._database.writing() as connection:
            if not connection.execute(delete(saved_query).where(saved_query.c.name_key == name_key(name))).rowcount:
                raise LibraryError(f"No saved search is called “{name}”.")

    def remove_all(self) -> None:
        with self._database.writing() as connection:
            connection.execute(delete(saved_query))


def checked_name(name: str) -> str:
    """A name as it is shown. Raises UsageError."""
    shown = " ".join(name.split())
    if not shown or len(shown) > LONGEST_NAME or not shown.isprintable():
        raise UsageError(f"A name needs 1 to {LONGEST_NAME} readable characters.")
    return shown


def _written(query: SavedQuery) -> str:
    terms = [{"text": term.text, "like": None if term.like is None else os.fspath(Path(str(term.like))),
              "weight": term.weight} for term in query.terms]
    return json.dumps({"terms": terms, "tags": list(query.tags),  # ASCII: a path need not be UTF-8
                       "under": None if query.under is None else os.fspath(query.under)})


def _query(row: Any) -> SavedQuery:
    try:
        found = json.loads(row.query)
        terms = tuple(Term(_text(one["text"]), None if one["like"] is None else Path(_text(one["like"])), float(one["weight"]))
                      for one in found["terms"])
        if not all(math.isfinite(term.weight) for term in terms):
            raise ValueError("a weight that is no number")
        under = found["under"]
        created_at: datetime = row.created_at
        return SavedQuery(row.name, terms, tuple(_text(one) for one in found["tags"]),
                          None if under is None else Path(_text(under)), created_at)
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise LibraryError(f"The saved search “{row.name}” is damaged. Remove it with: "
                           f"python main.py library forget-query {json.dumps(row.name, ensure_ascii=False)}") from error


def _text(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise TypeError(f"a text was expected, not {value!r}")
    return value
