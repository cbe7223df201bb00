"""Files of recordings below the workspace: written whole, found again when nobody names them."""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path

from engine import files
from engine.errors import StoreError
from engine.store.records import TAKES
from engine.store.sealed import Records

log = logging.getLogger(__name__)


def recording_path(voice_id: int, sha256: str, records: Records) -> Path:
    """Where the recording of a take belongs, relative to the folder of recordings. Raises StoreError.

    sha256: of the take's content, in hex. It may have come in somebody's file, and must not lead out of the folder.
    """
    if not re.fullmatch("[0-9a-f]{1,64}", sha256):
        raise StoreError("The content of a take is not named by its hash. Nothing was changed.")
    return Path(TAKES, f"{voice_id}-{sha256}{records.suffix}")


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that appears whole or not at all, and is on the disk when this returns. Raises StoreError."""
    try:
        files.own_folder(path.parent, narrow=True)
        files.write_whole(path, data, files.PRIVATE)
    except OSError as error:
        raise StoreError(f"A recording cannot be written: {error.strerror or error}.") from error


def remove_strays(recordings: Path, named: set[Path]) -> bool:
    """Remove the files among the takes' recordings that are not among `named`. Returns whether none is left."""
    clean = True
    for folder, _, names in os.walk(recordings / TAKES):
        for stray in {Path(folder, name) for name in names} - named:
            try:
                stray.unlink(missing_ok=True)
            except OSError as error:
                clean = False
                log.warning("a recording without a take could not be removed: %s", type(error).__name__)
    return clean
