"""Is a sound file all there? What libsndfile does not say by itself."""

from __future__ import annotations

import os
import re
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO

from engine.errors import DecodeError
from engine.files import NotAFile, open_regular

_OGG_PAGE_MAX = 27 + 255 + 255 * 255  # bytes: header, segment table, segments (RFC 3533)
_OGG_HEADER = 27
_UNKNOWN_LENGTH = 0x7FFF0000  # sizes from here on are written by programs that could not go back to the header


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


def declared_frames(file: Any) -> int:
    """How many frames the header promises, from an open sf.SoundFile.

    libsndfile shortens a wav or aiff to what the file holds and tells so only in its log:
    `data : 882000 (should be 529182)`.
    """
    found = re.search(r"^\s*(data|SSND)\s*:\s*(\d+)\s*\(should be (\d+)\)", file.extra_info, re.MULTILINE)
    if found is None:
        return int(file.frames)
    head = 8 if found[1] == "SSND" else 0  # offset and block size come before the samples
    promised, held = int(found[2]) - head, int(found[3]) - head
    if promised <= held or promised >= _UNKNOWN_LENGTH or held <= 0:
        return int(file.frames)
    return max(int(file.frames), round(file.frames * promised / held))


def ogg_is_cut(file: BinaryIO) -> bool:
    """True where an ogg file ends inside a page, as it does when a copy or a download stopped half way.

    Ogg headers promise no length, so this is the only sign. A stream that lacks its end mark but ends with a whole
    page is taken as complete: recorders write such files. Format: RFC 3533, section 6.
    """
    size = file.seek(0, 2)
    file.seek(max(0, size - 2 * _OGG_PAGE_MAX))
    tail = file.read()
    at = tail.rfind(b"OggS\x00")
    while at >= 0:
        segments_at = at + _OGG_HEADER
        if segments_at > len(tail):
            return True
        count = tail[segments_at - 1]
        table = tail[segments_at : segments_at + count]
        end = segments_at + count + sum(table)
        return len(table) < count or end > len(tail)
    return False


def mp3_promises_length(file: BinaryIO) -> bool:
    """True where an mp3 carries a Xing, Info or VBRI tag, which counts its frames.

    Without one libsndfile guesses the length from the bit rate of the first frame, which proves nothing.
    The tag sits in the first frame, after an ID3v2 tag if there is one (https://id3.org/id3v2.4.0-structure, 3.1).
    """
    file.seek(0)
    head = file.read(10)
    if head[:3] == b"ID3":
        file.seek(10 + ((head[6] & 127) << 21 | (head[7] & 127) << 14 | (head[8] & 127) << 7 | head[9] & 127))
    else:
        file.seek(0)
    start = file.read(4096)
    return any(tag in start for tag in (b"Xing", b"Info", b"VBRI"))
