"""What a decoder should never raise: told as what it is, one file that cannot be read."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import DecodeError, EarmarkError
from engine.logs import log_fault

log = logging.getLogger(__name__)


@contextmanager
def told(path: Path) -> Iterator[None]:
    """What goes wrong while a file is read becomes a DecodeError that is passing: nothing of the kind ends the work on others.

    A disk that fails is said in its own words. The rest are faults of ours or of a decoder: type and frames go to the log, where
    no names stand. Where there is no memory left, that is no matter of the file.
    """
    try:
        yield
    except (EarmarkError, MemoryError):
        raise
    except OSError as error:
        raise DecodeError(path, f"the file cannot be read: {error.strerror or type(error).__name__}.", passing=True) from error
    except Exception as error:  # log_fault logs it, without its words
        log_fault(log, "reading a sound file", error)
        raise DecodeError(path, "it could not be read: something went wrong inside Earmark; the log has the details.",
                          passing=True) from error
