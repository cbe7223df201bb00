"""The key of a workspace: whether its voices are sealed, where the key is, and opening it. Keys stay in memory only.

The table `seal` has one row at most. way "keyring": the key is in the keyring of the system, and wrapped by a recovery
code; way "passphrase": it is wrapped by the passphrase alone. Every transaction reads the row, so that two programs
that read one workspace never disagree about what is sealed.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from engine.errors import KeyringMissing, Locked, StoreError, WrongPassphrase
from engine.privacy import keyrings, passphrases
from engine.records import EncryptionWay, LockedWhy
from engine.store.database import Database, count_up
from engine.store.schema import counter, seal
from engine.store.sealed import PLAIN, Records, SealedRecords

PROBE = b"earmark"
SOILED = "soiled"
"""The counter that every change raises that leaves something private in the files."""

log = logging.getLogger(__name__)
Ask = Callable[[LockedWhy, bool], str | None]
"""Asked for the passphrase or recovery code: (why it is needed, whether the last answer was wrong). None: nobody knows."""


@dataclass(frozen=True)
class HeldKey:
    """A key that is open: its id, the key, and the records under it."""

    id: str
    key: bytes
    records: SealedRecords

    @classmethod
    def new(cls, key: bytes, key_id: str = "") -> HeldKey:
        return cls(key_id or uuid.uuid4().hex, key, SealedRecords(key))


class Seals:
    """Opens the key of one workspace when it is needed, and keeps it until `forget`. Thread-safe."""

    def __init__(self, database: Database, ask: Ask | None = None) -> None:
        self._database, self._ask = database, ask
        self._guard = threading.RLock()
        self._held: HeldKey | None = None

    def records(self, connection: Connection) -> Records:
        """How private records are written in this transaction. Raises Locked, WrongPassphrase."""
        held = self.held(connection)
        return PLAIN if held is None else held.records

    def held(self, connection: Connection) -> HeldKey | None:
        """The key; None where nothing is sealed. Raises Locked, WrongPassphrase."""
        row = row_of(connection)
        if row is None or row.way == "off":
            return None
        with self._guard:
            if self._held is None or self._held.id != row.key_id:
                self._held = self._opened(row)
            return self._held

    def why_locked(self) -> LockedWhy | None:
        """Why the key is not at hand, nobody being asked; None where it is, or none is needed."""
        with self._database.reading() as connection:
            row = row_of(connection)
        if row is None or row.way == "off":
            return None
        with self._guard:
            if self._held is None or self._held.id != row.key_id:
                found = self._from_keyring(row)
                if not isinstance(found, HeldKey):
                    return found
                self._held = found
        return None

    def unlock(self, secret: str) -> None:
        """Open the key with the passphrase or recovery code. Raises WrongPassphrase.

        A keyring that has lost the key is given it back, where it takes it.
        """
        with self._database.reading() as connection:
            row = row_of(connection)
        if row is not None and row.way != "off":
            held = _unwrapped(row, secret)
            with self._guard:
                self._held = held

    def opened_by(self, secret: str) -> bool:
        """Whether this passphrase or recovery code opens what is sealed; False where nothing is."""
        with self._database.reading() as connection:
            row = row_of(connection)
        try:
            return row is not None and row.way != "off" and bool(_unwrapped(row, secret))
        except WrongPassphrase:
            return False

    def forget(self) -> None:
        """Hold no key any more."""
        with self._guard:
            self._held = None

    def hold(self, held: HeldKey | None) -> None:
        """Another key counts from now on."""
        with self._guard:
            self._held = held

    def _opened(self, row: Any) -> HeldKey:
        found = self._from_keyring(row)
        wrong = False
        while not isinstance(found, HeldKey):
            secret = None if self._ask is None else self._ask(found, wrong)
            if secret is None:
                raise WrongPassphrase if wrong else Locked(found)
            try:
                return _unwrapped(row, secret)
            except WrongPassphrase:
                wrong = True
        return found

    def _from_keyring(self, row: Any) -> HeldKey | LockedWhy:
        if row.way == "passphrase":
            return "passphrase"
        try:
            key = keyrings.read(row.key_id)
        except KeyringMissing:
            return "keyring"
        if key is None:
            return "key"
        held = HeldKey.new(key, row.key_id)
        return held if _fits(held, row) else "key"


def row_of(connection: Connection) -> Any:
    """The row of the table `seal`, or None."""
    return connection.execute(select(seal)).one_or_none()


def write_row(connection: Connection, way: EncryptionWay, held: HeldKey | None, secret: str,
              since: datetime | None = None) -> None:
    """Say how the workspace is sealed; `unclean` until `cleaned`. secret: passphrase or recovery code."""
    values: dict[str, Any] = {"id": 1, "way": way, "since": since or datetime.now(UTC), "unclean": True}
    if held is not None:
        stretching = passphrases.Stretching.new()
        values |= {
            "key_id": held.id, "salt": stretching.salt, "log2_n": stretching.log2_n, "r": stretching.r, "p": stretching.p,
            "wrapped": passphrases.wrap(held.key, secret, stretching, held.id.encode("ascii")),
            "probe": held.records.data(PROBE, "seal", held.id)}
    connection.execute(delete(seal))
    connection.execute(insert(seal).values(values))
    count_up(connection, SOILED)


def soiled(connection: Connection) -> None:
    """Something private was removed that the files may still hold: whoever may write next wipes them."""
    if not connection.execute(update(seal).values(unclean=True)).rowcount:
        connection.execute(insert(seal).values(id=1, way="off", since=datetime.now(UTC), unclean=True))
    count_up(connection, SOILED)


def times_soiled(connection: Connection) -> int:
    """Another number when something private was removed since."""
    return connection.execute(select(counter.c.value).where(counter.c.name == SOILED)).scalar_one_or_none() or 0


def cleaned(connection: Connection) -> None:
    """Nothing is left in the files of how things were before."""
    connection.execute(update(seal).values(unclean=False))


def _unwrapped(row: Any, secret: str) -> HeldKey:
    """The key from its wrapping, checked. Raises WrongPassphrase, StoreError."""
    if (any(column is None for column in (row.salt, row.log2_n, row.r, row.p)) or not isinstance(row.wrapped, bytes)
            or not isinstance(row.key_id, str) or not row.key_id.isascii()):
        raise StoreError("The sealed key of this workspace is damaged. It was left as it is. Put an older copy of the workspace "
                         "in its place.")
    secret = passphrases.grouped(secret) if row.way == "keyring" else secret
    stretching = passphrases.Stretching(row.salt, row.log2_n, row.r, row.p)
    held = HeldKey.new(passphrases.unwrap(row.wrapped, secret, stretching, row.key_id.encode("ascii")), row.key_id)
    if not _fits(held, row):
        raise WrongPassphrase
    if row.way == "keyring":
        try:
            keyrings.keep(held.id, held.key)
        except KeyringMissing:
            log.info("the key could not be given back to the keyring")
    return held


def _fits(held: HeldKey, row: Any) -> bool:
    try:
        return held.records.plain_data(row.probe, "seal", row.key_id) == PROBE
    except StoreError:
        return False
