"""Privacy of the voices: encryption at rest, export and import. What pages and commands call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from engine.errors import UsageError
from engine.records import Encryption
from engine.store import Store
from engine.tasks import Ticket
from engine.voices.exporting import Clash, Exported, Imported, export, import_
from engine.voices.service import Voices


class Privacy:
    """Methods raise Busy and StoreError where they say nothing else; nothing is changed then."""

    def __init__(self, store: Store, voices: Voices) -> None:
        self._store, self._voices = store, voices

    def state(self) -> Encryption:
        """How the voices are kept on the disk; asks nobody for a passphrase, but may ask the keyring."""
        return self._store.encrypting.state()

    def keyring_usable(self) -> bool:
        """Whether this computer has a keyring; whether it is unlocked shows when it is used."""
        from engine.privacy import keyrings

        return keyrings.usable()

    def encrypt(self, passphrase: str | None = None, show: Callable[[str], None] | None = None) -> str | None:
        """Seal names, samples and recordings; where they are sealed already, keep their key in another way.

        Without a passphrase the key is kept in the keyring of the system, and a recovery code is returned, to be written
        down. show: gets it before anything is sealed, in this thread. Raises KeyringMissing, UsageError (passphrase too short),
        Locked; the code that was shown opens nothing then. What was done before cannot be undone afterwards.
        """
        with self._new_records():
            return self._store.encrypting.turn_on(passphrase, show)

    def decrypt(self) -> None:
        """Write everything plainly again. Raises Locked, UsageError. What was done before cannot be undone then."""
        with self._new_records():
            self._store.encrypting.turn_off()

    def unlock(self, secret: str) -> None:
        """Open the workspace with its passphrase or recovery code, for this run. Raises WrongPassphrase."""
        self._store.seals.unlock(secret)

    def opened_by(self, secret: str) -> bool:
        """Whether this passphrase or recovery code opens the workspace; False where nothing is sealed."""
        return self._store.seals.opened_by(secret)

    def export(self, path: Path, passphrase: str, names: Sequence[str] = (), ticket: Ticket | None = None) -> Exported:
        """Write voices (all, where none is named) to a file that the passphrase opens. The file appears whole or not at
        all. Raises VoiceUnknown, UsageError (passphrase too short, nothing to export)."""
        voices = [self._voices.get(name) for name in dict.fromkeys(names)] or self._voices.list()
        if not voices:
            raise UsageError("There are no voices to export. Nothing was written.")
        return export(self._store, voices, path, passphrase, ticket or Ticket())

    def import_(self, path: Path, passphrase: str, clash: Clash = "rename", ticket: Ticket | None = None,
                anyway: bool = False) -> list[Imported]:
        """Add the voices of a file, all or none; see `engine.voices.exporting`. anyway: takes are added to a voice that has their
        name also where they are unlike it. Raises UnlikeVoice, ExportUnreadable, WrongPassphrase."""
        return import_(self._store, path, passphrase, clash, self._voices.spec(), ticket or Ticket(),
                       None if anyway else self._voices.unlike)

    @contextmanager
    def _new_records(self) -> Iterator[None]:
        """Changes that this session remembers are rows as they were; none of them fits once all rows are written anew."""
        before = self._store.plain
        try:
            yield
        finally:
            if self._store.plain != before:
                self._voices.history.clear()
