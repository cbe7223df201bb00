"""Lists of labels, and which sounds have which of them."""

from __future__ import annotations

import builtins
import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, and_, delete, false, func, insert, or_, select, update

from engine.errors import LibraryError
from engine.records import EncoderSpec, Label, TagCount, TagListInfo
from engine.store.database import Database, inserted_id, table_of
from engine.store.queries import checked_name
from engine.store.records import StoredList, Tagged
from engine.store.schema import sound, sound_tag, tag_list
from engine.texts import name_key

PORTION = 5000
"""Rows in one call of the database."""
MANY = 500

Labels = Sequence[tuple[int, int]]
"""Labels that mean the same, each the id of its list and its place in it."""


class TagStore:
    """Reads and writes lists and tags. Names of lists and labels are found whatever their capitals."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def lists(self, spec: EncoderSpec | None = None) -> builtins.list[StoredList]:
        """All lists by name. spec: the space that `shows` is about."""
        with self._database.reading() as connection:
            rows = connection.execute(select(tag_list).order_by(tag_list.c.name_key)).all()
        space = "" if spec is None else spec.key
        return [StoredList(row.id, row.name, tuple(json.loads(row.labels)), tuple(json.loads(row.texts)), row.least, row.top,
                           row.library if row.space == space else None) for row in rows]

    def infos(self) -> builtins.list[TagListInfo]:
        """All lists by name, with how often each label was found."""
        count = func.count()
        with self._database.reading() as connection:
            rows = connection.execute(select(tag_list).order_by(tag_list.c.name_key)).all()
            sounds = {row.list_id: row.sounds for row in connection.execute(
                select(sound_tag.c.list_id, func.count(sound_tag.c.sound_id.distinct()).label("sounds"))
                .group_by(sound_tag.c.list_id))}
            found = connection.execute(select(sound_tag.c.list_id, sound_tag.c.label, count)
                                       .group_by(sound_tag.c.list_id, sound_tag.c.label)
                                       .order_by(count.desc(), sound_tag.c.label)).all()
        infos = []
        for row in rows:
            labels = json.loads(row.labels)
            counts = tuple(TagCount(labels[label], number) for list_id, label, number in found
                           if list_id == row.id and label < len(labels))
            infos.append(TagListInfo(row.name, len(labels), row.least, row.top, sounds.get(row.id, 0), counts, row.created_at))
        return infos

    def add(self, name: str, labels: Sequence[str], texts: Sequence[str], least: float | None, top: int) -> int:
        """Keep a list, in place of one of the same name, with no tags yet. Raises UsageError, Busy, StoreError."""
        shown = checked_name(name)
        with self._database.writing() as connection:
            connection.execute(delete(tag_list).where(tag_list.c.name_key == name_key(shown)))
            return inserted_id(connection.execute(insert(tag_list).values(
                name=shown, name_key=name_key(shown), labels=json.dumps(list(labels)), texts=json.dumps(list(texts)),
                least=least, top=top, created_at=datetime.now(UTC))))

    def put(self, list_id: int, spec: EncoderSpec, library: int, tags: Tagged, only: NDArray[np.int64] | None = None) -> None:
        """The tags of a list in place of all it had, or of those that some sounds had; those of sounds that are gone meanwhile
        are left out. only: int64 (n,), ids of these sounds."""
        mine = sound_tag.c.list_id == list_id
        with self._database.writing() as connection:
            if only is None:
                connection.execute(delete(sound_tag).where(mine))
                there = table_of(connection, select(sound.c.id), {"ids": np.int64})["ids"]
            else:
                some = [only[start:start + MANY].tolist() for start in range(0, len(only), MANY)]
                for ids in some:
                    connection.execute(delete(sound_tag).where(mine, sound_tag.c.sound_id.in_(ids)))
                there = np.array([one for ids in some for one in connection.execute(
                    select(sound.c.id).where(sound.c.id.in_(ids))).scalars()], np.int64)
            kept = np.flatnonzero(np.isin(tags.sound_ids, there))
            columns = (tags.sound_ids, tags.labels, tags.similarities, tags.probabilities)
            for start in range(0, len(kept), PORTION):
                at = kept[start:start + PORTION]
                connection.execute(insert(sound_tag), [
                    {"list_id": list_id, "sound_id": s, "label": label, "similarity": similarity, "probability": p}
                    for s, label, similarity, p in zip(*(column[at].tolist() for column in columns), strict=True)])
            if not connection.execute(update(tag_list).where(tag_list.c.id == list_id).values(
                    space=spec.key, library=library)).rowcount:
                raise LibraryError("This list was removed meanwhile.")

    def remove(self, name: str) -> None:
        """Forget a list and its tags. Raises LibraryError."""
        with self._database.writing() as connection:
            if not connection.execute(delete(tag_list).where(tag_list.c.name_key == name_key(name))).rowcount:
                raise LibraryError(f"The library is not tagged with a list called “{name}”.")

    def remove_all(self) -> None:
        with self._database.writing() as connection:
            connection.execute(delete(sound_tag))
            connection.execute(delete(tag_list))

    def ids(self, labels: Labels) -> NDArray[np.int64]:
        """Sounds that have one of these labels: int64 (n,), increasing."""
        with self._database.reading() as connection:
            return table_of(connection, select(sound_tag.c.sound_id).distinct().where(one_of(labels))
                            .order_by(sound_tag.c.sound_id), {"ids": np.int64})["ids"]

    def of(self, sound_ids: Sequence[int]) -> dict[int, tuple[Label, ...]]:
        """The labels of sounds, by list and then most similar first; sounds without any are left out."""
        names: dict[int, tuple[str, builtins.list[str]]] = {}
        found: dict[int, builtins.list[Label]] = {}
        with self._database.reading() as connection:
            for row in connection.execute(select(tag_list.c.id, tag_list.c.name, tag_list.c.labels)):
                names[row.id] = (row.name, json.loads(row.labels))
            if not names:
                return {}
            for start in range(0, len(sound_ids), MANY):
                here = select(sound_tag).where(sound_tag.c.sound_id.in_(sound_ids[start:start + MANY]))
                for one in connection.execute(here.order_by(
                        sound_tag.c.list_id, sound_tag.c.similarity.desc(), sound_tag.c.label)):
                    found.setdefault(one.sound_id, []).append(_label(names[one.list_id], one))
        return {sound_id: tuple(labels) for sound_id, labels in found.items()}


def one_of(labels: Labels) -> ColumnElement[bool]:
    """Whether a tag is one of these labels. Few conditions with many values: a database nests conditions only so deep."""
    places: defaultdict[int, builtins.list[int]] = defaultdict(builtins.list)
    for list_id, at in labels:
        places[list_id].append(at)
    return or_(false(), *(and_(sound_tag.c.list_id == list_id, sound_tag.c.label.in_(every[start:start + MANY]))
                          for list_id, every in places.items() for start in range(0, len(every), MANY)))


def _label(names: tuple[str, builtins.list[str]], row: Any) -> Label:
    return Label(names[0], names[1][row.label], float(row.similarity), float(row.probability))
