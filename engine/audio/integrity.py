"""Is a sound file all there? What libsndfile does not say by itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

_OGG_PAGE_MAX = 27 + 255 + 255 * 255  # bytes: header, segment table, segments (RFC 3533)
_OGG_HEADER = 27
_UNKNOWN_LENGTH = 0x7FFF0000  # sizes from here on are written by programs that could not go back to the header


def why_not_openable(path: Path) -> str | None:
    """A sentence about a path that cannot be opened or is no file with content; None where it can be."""
    try:
        if path.is_dir():
            return "this is a folder, not a sound file."
        if not path.is_file() and path.exists():
            return "this is not an ordinary file."
        with path.open("rb") as file:
            return None if file.read(1) else "the file is empty."
    except FileNotFoundError:
        return "there is no such file."
    except PermissionError:
        return "you are not allowed to read this file."
    except OSError as error:
        return f"the file cannot be opened ({error.strerror or error})."


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


def ogg_is_cut(path: Path) -> bool:
    """True where an ogg file ends inside a page, as it does when a copy or a download stopped half way.

    Ogg headers promise no length, so this is the only sign. A stream that lacks its end mark but ends with a whole
    page is taken as complete: recorders write such files. Format: RFC 3533, section 6.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        start = max(0, size - 2 * _OGG_PAGE_MAX)
        file.seek(start)
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


def mp3_promises_length(path: Path) -> bool:
    """True where an mp3 carries a Xing, Info or VBRI tag, which counts its frames.

    Without one libsndfile guesses the length from the bit rate of the first frame, which proves nothing.
    The tag sits in the first frame, after an ID3v2 tag if there is one (https://id3.org/id3v2.4.0-structure, 3.1).
    """
    with path.open("rb") as file:
        head = file.read(10)
        if head[:3] == b"ID3":
            file.seek(10 + ((head[6] & 127) << 21 | (head[7] & 127) << 14 | (head[8] & 127) << 7 | head[9] & 127))
        else:
            file.seek(0)
        start = file.read(4096)
    return any(tag in start for tag in (b"Xing", b"Info", b"VBRI"))
