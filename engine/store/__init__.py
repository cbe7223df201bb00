"""The workspace on disk: database, vectors, recordings, backups. All SQL of the project is in here."""

from engine.store.records import (
    FileKey,
    KnownSound,
    NewSound,
    NewTake,
    RememberedFailure,
    SameAs,
)
from engine.store.workspace import Store

__all__ = ["FileKey", "KnownSound", "NewSound", "NewTake", "RememberedFailure", "SameAs", "Store"]
