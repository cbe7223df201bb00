"""Opening the file of a sound."""

from __future__ import annotations

import os
from io import BufferedReader
from pathlib import Path

from engine.errors import DecodeError
from engine.files import NotAFile, open_regular


def opened(path: Path) -> BufferedReader:
    """The file of a sound, to read its bytes; it is a file, and there is something in it. Raises DecodeError.

    Nothing is waited for: what was opened is looked at, so a pipe put in the place of a sound is refused.
    """
    try:
        file = open_regular(path)
    except FileNotFoundError:
        raise DecodeError(path, "there is no such file.") from None
    except PermissionError as error:
        raise DecodeError(path, "you are not allowed to read this file.") from error
    except NotAFile as error:
        raise DecodeError(path, f"this is {error.kind}, not a sound file.") from error
    except OSError as error:
        raise DecodeError(path, f"the file cannot be opened ({error.strerror or error}).") from error
    if os.fstat(file.fileno()).st_size == 0:
        file.close()
        raise DecodeError(path, "the file is empty.")
    return file
