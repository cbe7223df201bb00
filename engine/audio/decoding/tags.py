"""Tags before and behind a sound, which are no part of it: ID3v1, ID3v2, APEv2, Lyrics3, zeros that fill up.

Formats: https://id3.org/id3v2.4.0-structure; https://wiki.hydrogenaudio.org/index.php?title=APEv2_specification
"""

from __future__ import annotations

from typing import BinaryIO

_ID3V1 = 128
_APE = 32


def id3_size(head: bytes) -> int:
    """Bytes of the ID3v2 tag that begins here, by what it says of itself; 0 where there is none. head: 10 bytes."""
    if len(head) < 10 or head[:3] != b"ID3" or head[3] == 0xFF or max(head[6:10]) > 127:
        return 0
    return 10 + (head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]) + (10 if head[5] & 0x10 else 0)


def end_of_sound(file: BinaryIO, start: int, end: int) -> int:
    """Where [start, end) ends without the tags behind the sound."""
    while True:
        before = end
        file.seek(max(start, end - _ID3V1 - 9))
        tail = file.read(min(_ID3V1 + 9, end - start))
        if tail[-_ID3V1:].startswith(b"TAG"):
            end -= _ID3V1
        elif tail[-_APE:].startswith(b"APETAGEX"):
            foot = tail[-_APE:]
            end -= int.from_bytes(foot[12:16], "little") + (_APE if foot[23] & 0x80 else 0)
        elif tail[-10:].startswith(b"3DI"):
            end -= id3_size(b"ID3" + tail[-7:]) or 10
        elif tail[-9:] == b"LYRICS200" and tail[-15:-9].isdigit():
            end -= int(tail[-15:-9]) + 15
        if end <= start:
            return before
        if end == before:
            return end
