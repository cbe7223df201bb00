"""Passphrases on the command line: from a file, from standard input, or typed without being shown; never an argument."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from engine.cli.output import Output
from engine.errors import StoreError, UsageError
from engine.records import LockedWhy

VARIABLE = "EARMARK_PASSPHRASE_FILE"
TRIES = 3
MOST_BYTES = 4096


class Secrets:
    """Asks for passphrases in one run. A file named `-` is standard input."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._tries = 0

    def workspace(self, why: LockedWhy, wrong: bool) -> str | None:
        """The passphrase or recovery code of the workspace; None where nobody can be asked (see `engine.store.seals`)."""
        if given := os.environ.get(VARIABLE):
            return None if wrong else first_line(Path(given))
        self._tries += 1
        if not _terminal() or self._tries > TRIES:
            return None
        if wrong:
            self._out.note("earmark: this is wrong. Try again, or press Ctrl+C.")
        return _typed("Passphrase of the workspace: " if why == "passphrase" else
                      "The key is not to be had from the keyring. Recovery code of the workspace: ")

    def known(self, file: Path | None, prompt: str) -> str:
        """A passphrase that somebody has set. Raises UsageError where there is neither a file nor a terminal."""
        if file is not None:
            return first_line(file)
        if not _terminal():
            raise UsageError("There is no terminal to ask for the passphrase. Give it with --passphrase-file FILE (- for "
                             "standard input).")
        return _typed(prompt)

    def new(self, file: Path | None, prompt: str) -> str:
        """A passphrase that is to be set: typed twice. Raises UsageError."""
        found = self.known(file, prompt)
        if file is None and _typed("Once more: ") != found:
            raise UsageError("The two were not the same. Nothing was changed.")
        return found


def first_line(file: Path) -> str:
    """The first line of a file (`-`: of standard input), which is a passphrase. Raises UsageError, StoreError."""
    try:
        if str(file) == "-":
            data = sys.stdin.buffer.readline(MOST_BYTES)
        else:
            with file.open("rb") as opened:
                data = opened.readline(MOST_BYTES)
    except OSError as error:
        raise StoreError(f"The passphrase file cannot be read: {error.strerror or error}.") from error
    if len(data) == MOST_BYTES and not data.endswith(b"\n"):  # cut, it would be another passphrase
        raise UsageError(f"The first line of the passphrase file is longer than {MOST_BYTES} bytes.")
    try:
        found = data.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        raise UsageError("The passphrase file is no text (UTF-8).") from None
    if not found:
        raise UsageError("The first line of the passphrase file is empty.")
    return found


def _terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _typed(prompt: str) -> str:
    import getpass

    try:
        return getpass.getpass(prompt, stream=sys.stderr)
    except EOFError:
        raise UsageError("No passphrase was given. Nothing was changed.") from None
