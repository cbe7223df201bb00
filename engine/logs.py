"""Logs: rotating files in the workspace that hold no sound, no vectors and no names."""

from __future__ import annotations

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

BYTES, FILES = 1_000_000, 5


def begin(folder: Path) -> logging.Handler:
    """Write the program's log to `folder`; returns the handler, to be given to `end`."""
    folder.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(folder / "earmark.log", maxBytes=BYTES, backupCount=FILES, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    for name in ("engine", "gui"):
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False
    return handler


def end(handler: logging.Handler) -> None:
    """Stop writing to it."""
    for name in ("engine", "gui"):
        logging.getLogger(name).removeHandler(handler)
    handler.close()
