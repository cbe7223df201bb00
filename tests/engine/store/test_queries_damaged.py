"""Saved searches that were changed by hand, or by a disk: said, never believed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.errors import LibraryError
from engine.records import SavedQuery, Term
from engine.store import Store

TERM = '{"terms": [{"text": "rain", "like": null, "weight": 1.0}], "tags": [], "under": null}'


@pytest.mark.parametrize("written", [
    "[]", "7", "null", "{}", "[" * 100_000, TERM.replace("1.0", "NaN"), TERM.replace("1.0", "1e999"),
    TERM.replace("1.0", "9" * 400),
    TERM.replace("1.0", '"much"'), TERM.replace('"rain"', "7"), TERM.replace('"like": null', '"like": "a\\u0000b"'),
    TERM.replace('"tags": []', '"tags": [7]'), TERM.replace('"under": null', '"under": ["a"]')])
def test_a_damaged_search_is_said_and_the_others_are_there(tmp_path: Path, written: str) -> None:
    with Store(tmp_path) as store:
        for name in ("Rain", "Wind"):
            store.queries.save(SavedQuery(name, (Term(name),), (), None, datetime.now(UTC)))
    with closing(sqlite3.connect(tmp_path / "earmark.db")) as connection, connection:
        connection.execute("UPDATE saved_query SET query = ? WHERE name = 'Rain'", [written])
    with Store(tmp_path) as store:
        assert [query.name for query in store.queries.list()] == ["Wind"]
        with pytest.raises(LibraryError, match="“Rain” is damaged"):
            store.queries.find("Rain")
