"""What has changed in the library since some version of it, so that whoever holds that version reads no more than the rest.

Every sound that a version changed is noted with it, until it changes again. Where nearly everything changes at once, or a matrix
was written by somebody else, nothing is noted but that everything is to be read again.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from sqlalchemy import Connection, delete, insert, select

from engine.store.database import count_up, counted, set_counter, table_of
from engine.store.records import IntArray
from engine.store.schema import sound_change

LIBRARY = "library"
"""The counter that every change to the library raises, in whatever process."""
WHOLE = "library whole"
"""The counter of the version since which changes are noted."""
MOST = 20_000
"""Sounds noted for one version, or told; where more change, everything is read again, which takes no longer."""
KEPT = 2_000
"""Versions for which changes are noted, at least."""
MANY = 500


def changed(connection: Connection, sounds: Collection[int] | None) -> None:
    """Raise the version of the library. sounds: ids of those that are new, different or gone; None: all may be."""
    count_up(connection, LIBRARY)
    version = counted(connection, LIBRARY)
    if sounds is None or len(sounds) > MOST:
        connection.execute(delete(sound_change))
        set_counter(connection, WHOLE, version)
        return
    ids = sorted({int(one) for one in sounds})
    for first in range(0, len(ids), MANY):
        some = ids[first:first + MANY]
        connection.execute(delete(sound_change).where(sound_change.c.sound_id.in_(some)))
        connection.execute(insert(sound_change), [{"sound_id": one, "version": version} for one in some])


def since(connection: Connection, version: int) -> IntArray | None:
    """Ids of the sounds that changed after a version, increasing, int64 (n,); None where that is not known any more."""
    if version < counted(connection, WHOLE):
        return None
    asked = select(sound_change.c.sound_id).where(sound_change.c.version > version)
    ids = table_of(connection, asked, {"ids": np.int64})["ids"]
    return np.sort(ids) if len(ids) <= MOST else None  # an order asked for would be a walk through all rows


def prune(connection: Connection) -> None:
    """Forget changes of versions that hardly anybody still holds."""
    oldest = counted(connection, LIBRARY) - KEPT
    if oldest > counted(connection, WHOLE):
        connection.execute(delete(sound_change).where(sound_change.c.version <= oldest))
        set_counter(connection, WHOLE, oldest)
