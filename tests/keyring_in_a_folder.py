"""A keyring of a test's own: a folder with a file for each entry. Never the machine's."""

from __future__ import annotations

from pathlib import Path

import keyring
import keyring.errors
from keyring.backend import KeyringBackend


class FolderKeyring(KeyringBackend):
    """`locked`: every question is refused, as by a keyring that its owner does not unlock."""

    priority = -1  # type: ignore[assignment]  # never chosen by itself

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder, self.locked = folder, False
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def entries(self) -> list[str]:
        return sorted(file.name for file in self.folder.iterdir())

    def get_password(self, service: str, username: str) -> str | None:
        file = self._file(service, username)
        return file.read_text() if file.exists() else None

    def set_password(self, service: str, username: str, password: str) -> None:
        self._file(service, username).write_text(password)

    def delete_password(self, service: str, username: str) -> None:
        if not self._file(service, username).exists():
            raise keyring.errors.PasswordDeleteError("not found")
        self._file(service, username).unlink()

    def _file(self, service: str, username: str) -> Path:
        if self.locked:
            raise keyring.errors.KeyringLocked("locked")
        return self.folder / f"{service}-{username}"
