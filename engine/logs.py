"""Logs: rotating files in the workspace that hold no sound, no vectors and no names."""

from __future__ import annotations

import contextlib
import errno
import logging
import sys
import traceback
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from engine.errors import Unfinished
from engine.files import own_file

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


class LogFile(RotatingFileHandler):
    """A log that only its owner can read. One that cannot be written (a full disk, a folder that is gone) stops nothing: that is
    said once, in plain words."""

    silent = False

    def _open(self) -> Any:
        own_file(Path(self.baseFilename))
        return super()._open()

    def handleError(self, record: logging.LogRecord) -> None:
        """Instead of a traceback in the terminal for each line. Nothing at all where a workspace may only be read."""
        error = sys.exc_info()[1]
        if isinstance(error, OSError) and error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            return
        if not self.silent and sys.stderr is not None:
            self.silent = True
            why = getattr(error, "strerror", None) or type(error).__name__
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.write(f"earmark: The log cannot be written: {why}. The program goes on without it.\n")

    def close(self) -> None:
        """What could not be written is left out: closing tries once more, and says nothing."""
        with contextlib.suppress(OSError, ValueError):
            super().close()


def log_fault(logger: logging.Logger, what: str, error: BaseException) -> None:
    """Log the type and the frames of an exception. Its message stays out of the log: it may hold names and paths."""
    logger.error("%s: %s\n%s", what, type(error).__name__, "".join(traceback.format_tb(error.__traceback__)).rstrip())


def begin(folder: Path) -> LogFile:
    """Write the program's log to `folder`; returns the handler, to be given to `end`."""
    with contextlib.suppress(OSError):  # the first line that cannot be written says so
        folder.mkdir(parents=True, exist_ok=True)
    handler = LogFile(folder / "earmark.log", maxBytes=BYTES, backupCount=FILES, encoding="utf-8", delay=True)
    handler.setFormatter(Formatter())
    for name in ("engine", "gui"):
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False
    return handler


def forget(handler: RotatingFileHandler) -> None:
    """Remove what was written; the next line begins a new file. The last step of forgetting everything. Raises Unfinished."""
    file = Path(handler.baseFilename)
    handler.acquire()
    try:
        handler.close()
        for old in file.parent.glob(f"{file.name}*"):
            old.unlink(missing_ok=True)
    except OSError as error:
        raise Unfinished("Everything else is forgotten.",
                         f"The log could not be removed: {error.strerror or error}. Try again.") from error
    finally:
        handler.release()


def end(handler: logging.Handler) -> None:
    """Stop writing to it."""
    for name in ("engine", "gui"):
        logging.getLogger(name).removeHandler(handler)
    with contextlib.suppress(OSError):  # the last lines, for which there is no room
        handler.close()
