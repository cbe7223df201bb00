"""Encoder specs in the database: each is a space of its own, and vectors of different spaces never meet."""

from __future__ import annotations

import hashlib
import json
from dataclasses import astuple

from sqlalchemy import Connection, select

from engine.records import EncoderSpec
from engine.store.database import inserted_id
from engine.store.schema import encoder_spec


def space_key(spec: EncoderSpec) -> str:
    """A name for the space that is the same everywhere: sha256 over every field of the spec, hex."""
    return hashlib.sha256(json.dumps(astuple(spec)).encode()).hexdigest()


def find_space(connection: Connection, spec: EncoderSpec) -> int | None:
    """The id of the spec's row; None when nothing was ever stored in this space."""
    found: int | None = connection.execute(
        select(encoder_spec.c.id).where(encoder_spec.c.key == space_key(spec))).scalar_one_or_none()
    return found


def take_space(connection: Connection, spec: EncoderSpec) -> int:
    """The id of the spec's row, made if it is not there. Inside a write transaction."""
    found = find_space(connection, spec)
    if found is not None:
        return found
    made = connection.execute(encoder_spec.insert().values(
        key=space_key(spec), name=spec.name, version=spec.version, sha256=spec.sha256, kind=spec.kind, dim=spec.dim,
        rate_hz=spec.rate_hz))
    return inserted_id(made)
