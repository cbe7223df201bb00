"""Encoder specs in the database: each is a space of its own, and vectors of different spaces never meet."""

from __future__ import annotations

import builtins
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, func, select

from engine.records import EncoderSpec
from engine.store.database import Database, inserted_id
from engine.store.schema import encoder_spec, sample, span


def find_space(connection: Connection, spec: EncoderSpec) -> int | None:
    """The id of the spec's row; None when nothing was ever stored in this space."""
    found: int | None = connection.execute(
        select(encoder_spec.c.id).where(encoder_spec.c.key == spec.key)).scalar_one_or_none()
    return found


def take_space(connection: Connection, spec: EncoderSpec) -> int:
    """The id of the spec's row, made if it is not there. Inside a write transaction."""
    found = find_space(connection, spec)
    if found is not None:
        return found
    made = connection.execute(encoder_spec.insert().values(
        key=spec.key, name=spec.name, version=spec.version, sha256=spec.sha256, kind=spec.kind, dim=spec.dim,
        rate_hz=spec.rate_hz))
    return inserted_id(made)


@dataclass(frozen=True)
class StoredSpace:
    """One space. count: how many sounds, or takes of voices, have vectors in it."""

    spec: EncoderSpec
    count: int


class SpaceStore:
    """The spaces that a workspace holds vectors of, whatever its settings say. Reads only. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, kind: Literal["joint", "voice"]) -> builtins.list[StoredSpace]:
        """Those that something has vectors in, in the order in which they were begun. Raises StoreError."""
        rows, what = (span, span.c.sound_id) if kind == "joint" else (sample, sample.c.take_id)
        asked = (select(encoder_spec, func.count(what.distinct()).label("held")).join(rows, rows.c.spec_id == encoder_spec.c.id)
                 .where(encoder_spec.c.kind == kind).group_by(encoder_spec.c.id).order_by(encoder_spec.c.id))
        with self._database.reading() as connection:
            return [StoredSpace(EncoderSpec(row.name, row.version, row.sha256, kind, row.dim, row.rate_hz),
                                row.held) for row in connection.execute(asked)]
