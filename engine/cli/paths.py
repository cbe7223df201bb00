"""Paths that are given on the command line, looked at before any work is done.

An empty one is refused everywhere: it is a variable of a script that was never set, and Python takes it for the folder that one
is in.
"""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import Path

from engine.errors import UsageError
from engine.files import descriptor_of, kind_of


def given(text: str) -> Path:
    """A file or folder that is read. Raises UsageError where it has no name."""
    if not text:
        raise UsageError("A path is empty: give the name of a file or folder.")
    return Path(text)


def destination(text: str) -> Path:
    """A file or folder that is written. Raises UsageError where it has no name."""
    if not text.strip():
        raise UsageError("The path to write to is empty: give the name of a file or folder.")
    return Path(text)


def file_to_write(path: Path, endings: Sequence[str] = (), make_folder: bool = False) -> Path:
    """A destination that can be a file: no folder, in a folder that is there, with one of the endings (or none, where it is a
    device or a pipe). make_folder: its folder is made when it is written. Raises UsageError.
    """
    try:
        kind = path.stat().st_mode if path.exists() else None
        folder_is_there = path.parent.is_dir()
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be written: {getattr(error, 'strerror', None) or error}.") from error
    if kind is not None and stat.S_ISDIR(kind):
        raise UsageError(f"{path} is a folder. Give the name of a file in it.")
    if not folder_is_there and not make_folder:
        raise UsageError(f"There is no folder {path.parent}. Make it first, or choose another.")
    named = descriptor_of(path) is None and (kind is None or stat.S_ISREG(kind))
    if endings and named and path.suffix.lower() not in endings:
        raise UsageError(f"{path.name} cannot be written as that: its name has to end in {' or '.join(endings)}.")
    return path


def same_file(one: Path, other: Path) -> bool:
    """Whether both are there, and are one file, under whatever names."""
    try:
        return one.samefile(other)
    except (OSError, ValueError):
        return False


def folder_to_write(path: Path) -> Path:
    """A destination that can be a folder; it need not be there. Raises UsageError."""
    there = next((one for one in (path, *path.parents) if one.exists()), None)
    if there is not None and not there.is_dir():
        raise UsageError(f"{there} is {kind_of(there.stat().st_mode)}, not a folder.")
    return path
