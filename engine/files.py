"""Files of this machine: written whole or not at all, and opened without waiting for what is no file.

Everything that Earmark writes in one piece (settings, lists, exports, recordings, vectors) goes through `whole`, so that a kill,
a full disk or two programs at once leave the old file or the new one, never half of one.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import stat
import sys
import time
from collections.abc import Callable, Iterator
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

PRIVATE = 0o600
"""Only their owner may read them: what a workspace holds."""
USUAL = 0o666
"""As the user's umask says: files that were asked for by name."""
PRIVATE_FOLDER = 0o700
"""Only its owner may look into it."""
_OTHERS = 0o077
_DESCRIPTOR = re.compile(r"/dev/(stdin|stdout|stderr)|/(?:dev|proc/self)/fd/(\d+)")
_PART = re.compile(r"\.[0-9a-f]{12}\.part")
_BINARY = getattr(os, "O_BINARY", 0)
_NEVER_WAIT = getattr(os, "O_NONBLOCK", 0)


class NotAFile(OSError):
    """What was to be opened is a pipe, a socket, a device or a folder. kind: which, in words."""

    def __init__(self, mode: int) -> None:
        self.kind = kind_of(mode)
        super().__init__(errno.EINVAL, f"this is {self.kind}, not a file")


@contextlib.contextmanager
def whole(path: Path, mode: int = USUAL) -> Iterator[BinaryIO]:
    """A file to write bytes to that takes the place of `path` when the block ends, and is forgotten when it raises.

    mode: of a file that is not there yet; one that is keeps its own, but loses what PRIVATE does not allow where that is
    asked for. What was written is on the disk when this returns, and so is the name. A link stays, and what it points to is
    written. What is no regular file (a device, a pipe) is written to directly: nothing is put in its place. So is what is open
    already (/dev/stdout, /dev/fd/3), where it stands: a file that grows keeps what is in it.
    Raises OSError; the file that was there before is then as it was.
    """
    if (number := descriptor_of(path)) is not None:
        with os.fdopen(os.dup(number), "wb") as file:  # it may lead to a pipe or socket, which has no path of its own
            yield file
            file.flush()
        return
    there = _mode_of(path)
    if there is not None and not stat.S_ISREG(there):
        with _opened_directly(path) as file:
            yield file
        return
    path = Path(os.path.realpath(path))
    part = path.with_name(f".{secrets.token_hex(6)}.part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            if there is not None and hasattr(os, "fchmod"):
                with contextlib.suppress(OSError):  # a file system without modes
                    os.fchmod(file.fileno(), stat.S_IMODE(there) & (PRIVATE if mode == PRIVATE else 0o7777))
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)


def remove_left(folder: Path, older_s: float = 0.0) -> None:
    """Remove what `whole` was writing in a folder when its program was killed. older_s: not what was touched since then, where
    another program may be writing now. What cannot be removed stays."""
    for part in folder.glob(".*.part"):
        with contextlib.suppress(OSError):
            if _PART.fullmatch(part.name) and time.time() - part.stat().st_mtime >= older_s:
                part.unlink()


def write_whole(path: Path, content: bytes, mode: int = USUAL) -> None:
    """Put these bytes in the place of a file, as `whole` does. Raises OSError."""
    with whole(path, mode) as file:
        file.write(content)


def own_folder(folder: Path, narrow: bool = False) -> None:
    """Make a folder that only its owner can look into, whatever the umask, and those above it that are missing. Raises OSError.

    One that is there stays as it is; narrow: what others may do there is taken away.
    """
    for made in (*reversed(folder.parents), folder):
        if not made.is_dir():
            made.mkdir(PRIVATE_FOLDER, exist_ok=True)
    if narrow:
        _narrow(folder)


def own_file(path: Path) -> None:
    """Make an empty file that only its owner can read, whatever the umask; from one that is there, what others may do is
    taken away. For files that are written in place. Raises OSError."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, PRIVATE))
    except FileExistsError:
        _narrow(path)


def is_there(path: Path) -> bool:
    """Whether there is something of this name, as far as one may look: where that is forbidden, nobody says that it is gone."""
    try:
        return path.exists()
    except PermissionError:
        return True
    except OSError:
        return False


def hold(path: Path) -> Callable[[], None] | None:
    """Hold a file that is being written until what this returns is called, or this program ends, however it does.

    None: somebody holds it already, in this program or another. On Windows nothing needs to be held: a file that is open
    cannot be renamed or removed there. Raises OSError.
    """
    if sys.platform == "win32":
        return lambda: None
    import fcntl

    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    except OSError:  # a file system without locks
        pass
    return lambda: os.close(handle)


def flush_folder(folder: Path) -> None:
    """See to it that names made, changed or removed in a folder are on the disk, where the system can do that."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def open_regular(path: Path) -> BufferedReader:
    """Open a file to read its bytes, and only a file: a pipe, a socket or a device is refused instead of being waited for.

    What was opened is looked at, not what lay there a moment before. Raises NotAFile, OSError.
    """
    try:
        handle = os.open(path, os.O_RDONLY | _BINARY | _NEVER_WAIT)
    except OSError as error:
        if error.errno in (errno.ENXIO, errno.EOPNOTSUPP):  # what a socket says
            raise NotAFile(path.stat().st_mode) from error
        raise
    try:
        kind = os.fstat(handle).st_mode
        if not stat.S_ISREG(kind):
            raise NotAFile(kind)
        if _NEVER_WAIT:
            os.set_blocking(handle, True)
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def kind_of(mode: int) -> str:
    """What `st_mode` says something is, in words: “a folder”, “a named pipe”, …"""
    kinds = {stat.S_IFREG: "a file", stat.S_IFDIR: "a folder", stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket",
             stat.S_IFCHR: "a device", stat.S_IFBLK: "a device", stat.S_IFLNK: "a link"}
    return kinds.get(stat.S_IFMT(mode), "something else")


def descriptor_of(path: Path) -> int | None:
    """The number of the open file that a path stands for, None for all other paths."""
    match = _DESCRIPTOR.fullmatch(str(path))
    if os.name == "nt" or match is None:
        return None
    return int(match[2]) if match[2] else ("stdin", "stdout", "stderr").index(match[1])


def _narrow(path: Path) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if os.name != "nt" and mode & _OTHERS:
        with contextlib.suppress(OSError):  # somebody else's, a disk that is read-only, a file system without modes
            path.chmod(mode & ~_OTHERS)


def _mode_of(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None


@contextlib.contextmanager
def _opened_directly(path: Path) -> Iterator[BinaryIO]:
    """A device or pipe; a pipe that nobody reads is an error at once. A folder is one too."""
    handle = os.open(path, os.O_WRONLY | _BINARY | _NEVER_WAIT)
    if _NEVER_WAIT:
        os.set_blocking(handle, True)
    with os.fdopen(handle, "wb") as file:
        yield file
        file.flush()
