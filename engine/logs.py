"""Logs: rotating files in the workspace that hold no sound, no vectors and no names."""

from __future__ import annotations

import logging
import traceback
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from engine.errors import StoreError

BYTES, FILES = 1_000_000, 5


class Formatter(logging.Formatter):
    """Of an exception it writes the types and where they came from, not the words: they may hold names."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        kept, record.exc_text = record.exc_text, None  # what another handler wrote of it holds the words
        try:
            return super().format(record)
        finally:
            record.exc_text = kept

    def formatException(self, ei: Any) -> str:
        lines, error = [], ei[1]
        while error is not None:
            lines.append(type(error).__name__ + "\n" + "".join(traceback.format_tb(error.__traceback__)))
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "after ".join(lines).rstrip()


def begin(folder: Path) -> RotatingFileHandler:
    """Write the program's log to `folder`; returns the handler, to be given to `end`."""
    folder.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(folder / "earmark.log", maxBytes=BYTES, backupCount=FILES, encoding="utf-8", delay=True)
    handler.setFormatter(Formatter())
    for name in ("engine", "gui"):
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False
    return handler


def forget(handler: RotatingFileHandler) -> None:
    """Remove what was written; the next line begins a new file. Raises StoreError."""
    file = Path(handler.baseFilename)
    handler.acquire()
    try:
        handler.close()
        for old in file.parent.glob(f"{file.name}*"):
            old.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"The log could not be removed: {error.strerror or error}. Try again.") from error
    finally:
        handler.release()


def end(handler: logging.Handler) -> None:
    """Stop writing to it."""
    for name in ("engine", "gui"):
        logging.getLogger(name).removeHandler(handler)
    handler.close()
