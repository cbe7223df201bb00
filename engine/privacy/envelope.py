"""A file sealed by a passphrase: written and read in pieces, in bounded memory; what is cut, moved or changed is noticed.

    bytes  what
    8      EARMARKV
    1      version of the format, 1
    3      scrypt: log2 of n, r, p
    16     salt
    7      prefix of the nonces
    16     check: tells a wrong passphrase from a damaged file; derived from the key (HKDF), of no use for finding it
    8      first bytes of the SHA-256 of all of the above
    …      pieces of 1 MiB of plain data, the last one shorter or empty, each with a tag of 16 bytes
    8      EARMARKE

Pieces are sealed with AES-256-GCM in the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015): the nonce is
prefix, number of the piece (4 bytes), and 1 for the last piece; every piece is bound to the header.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import io
import os
from pathlib import Path
from typing import BinaryIO

from engine.errors import ExportUnreadable, StoreError, WrongPassphrase
from engine.files import PRIVATE, open_regular, whole
from engine.privacy.passphrases import SALT_BYTES, Stretching
from engine.privacy.sealing import TAG_BYTES, derived

MAGIC, END = b"EARMARKV", b"EARMARKE"
VERSION = 1
PREFIX_BYTES, CHECK_BYTES, SUM_BYTES = 7, 16, 8
HEADER_BYTES = len(MAGIC) + 1 + 3 + SALT_BYTES + PREFIX_BYTES + CHECK_BYTES + SUM_BYTES
PIECE_BYTES = 1 << 20

NOT_ONE = "This is not a file of exported voices. Nothing was changed."
TOO_NEW = "This file was exported by a newer Earmark. Update Earmark to import it. Nothing was changed."
CUT = "This file is cut off: its end is missing. Copy or export it again. Nothing was changed."
DAMAGED = "This file is damaged: it is not as it was written. Copy or export it again. Nothing was changed."


class _Unfinished(Exception):
    """The writer was left before its end."""


class SealedWriter(io.RawIOBase):
    """Writes a sealed file; it appears under its name when `finish` is called, whole, or not at all.

    Use it as a context manager: without `finish`, nothing is left behind. Raises StoreError.
    """

    def __init__(self, path: Path, passphrase: str) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._path, self._whole = path, whole(path, PRIVATE)
        stretching, self._prefix = Stretching.new(), os.urandom(PREFIX_BYTES)
        key = stretching.key(passphrase)
        self._gcm = AESGCM(derived(key, b"earmark export"))
        begins = (MAGIC + bytes([VERSION, stretching.log2_n, stretching.r, stretching.p]) + stretching.salt + self._prefix
                  + derived(key, b"earmark export check", CHECK_BYTES))
        self._header = begins + hashlib.sha256(begins).digest()[:SUM_BYTES]
        self._waiting, self._number = bytearray(), 0
        try:
            self._file = self._whole.__enter__()
            self._file.write(self._header)
        except OSError as error:
            self.__exit__()
            raise _unwritable(path, error) from error

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._waiting += data
        while len(self._waiting) > PIECE_BYTES:  # the last piece is held back: it is marked as the last
            self._put(bytes(self._waiting[:PIECE_BYTES]), last=False)
            del self._waiting[:PIECE_BYTES]
        return len(data)

    def finish(self) -> None:
        """Everything is written: give the file its name."""
        try:
            self._put(bytes(self._waiting), last=True)
            self._waiting.clear()
            self._file.write(END)
            self._whole.__exit__(None, None, None)
        except OSError as error:
            raise _unwritable(self._path, error) from error

    def __exit__(self, *exception: object) -> None:
        with contextlib.suppress(OSError, _Unfinished):  # what is still to be written does not matter any more
            self._whole.__exit__(_Unfinished, _Unfinished(), None)

    def _put(self, plain: bytes, last: bool) -> None:
        try:
            self._file.write(self._gcm.encrypt(_nonce(self._prefix, self._number, last), plain, self._header))
        except OSError as error:
            raise _unwritable(self._path, error) from error
        self._number += 1


class SealedReader(io.RawIOBase):
    """Reads a sealed file from its beginning; what `exactly` gives has been proved to be what was written.

    Raises ExportUnreadable (foreign, too new, cut, damaged), WrongPassphrase, StoreError (parameters that no Earmark writes).
    """

    def __init__(self, path: Path, passphrase: str) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            self._file: BinaryIO = open_regular(path)
        except OSError as error:
            raise ExportUnreadable(f"{path.name} cannot be read: {error.strerror or error}.") from error
        try:
            self._header, size = _header(self._file)
            at = len(MAGIC) + 1
            log2_n, r, p = self._header[at:at + 3]
            at += 3
            salt, at = self._header[at:at + SALT_BYTES], at + SALT_BYTES
            self._prefix, at = self._header[at:at + PREFIX_BYTES], at + PREFIX_BYTES
            key = Stretching(salt, log2_n, r, p).key(passphrase)
            if not hmac.compare_digest(derived(key, b"earmark export check", CHECK_BYTES), self._header[at:at + CHECK_BYTES]):
                raise WrongPassphrase
        except BaseException:
            self._file.close()
            raise
        self._gcm = AESGCM(derived(key, b"earmark export"))
        self._left = size - HEADER_BYTES - len(END)  # bytes of pieces that are still to come
        self._plain, self._number = b"", 0

    def readable(self) -> bool:
        return True

    def again(self) -> None:
        """Back to the beginning, without asking scrypt again."""
        self._left = self._file.seek(0, os.SEEK_END) - HEADER_BYTES - len(END)
        self._file.seek(HEADER_BYTES)
        self._plain, self._number = b"", 0

    def exactly(self, size: int) -> bytes:
        """The next size bytes. Raises ExportUnreadable where there are fewer."""
        held = bytearray()
        while len(held) < size:
            if not self._plain:
                if self._left <= 0:
                    raise ExportUnreadable(DAMAGED)
                self._plain = self._piece()
                continue
            taken = self._plain[:size - len(held)]
            held += taken
            self._plain = self._plain[len(taken):]
        return bytes(held)

    @property
    def ended(self) -> bool:
        """Whether everything has been read."""
        return not self._plain and self._left <= 0

    def close(self) -> None:
        self._file.close()
        super().close()

    def _piece(self) -> bytes:
        from cryptography.exceptions import InvalidTag

        size = min(self._left, PIECE_BYTES + TAG_BYTES)
        self._left -= size
        try:
            plain = self._gcm.decrypt(_nonce(self._prefix, self._number, self._left == 0), self._file.read(size), self._header)
        except (InvalidTag, ValueError, OSError):
            raise ExportUnreadable(DAMAGED) from None
        self._number += 1
        return plain


def _header(file: BinaryIO) -> tuple[bytes, int]:
    """The header, and the size of the file. Raises ExportUnreadable where it is no such file, or its end is missing."""
    header = file.read(HEADER_BYTES)
    if header[:len(MAGIC)] != MAGIC:
        raise ExportUnreadable(NOT_ONE)
    if len(header) > len(MAGIC) and header[len(MAGIC)] > VERSION:
        raise ExportUnreadable(TOO_NEW)
    size = file.seek(0, os.SEEK_END)
    if size < HEADER_BYTES + TAG_BYTES + len(END):
        raise ExportUnreadable(CUT)
    file.seek(-len(END), os.SEEK_END)
    ending = file.read(len(END))
    file.seek(HEADER_BYTES)
    if ending != END:
        raise ExportUnreadable(CUT)
    if hashlib.sha256(header[:-SUM_BYTES]).digest()[:SUM_BYTES] != header[-SUM_BYTES:]:
        raise ExportUnreadable(DAMAGED)
    return header, size


def _nonce(prefix: bytes, number: int, last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + bytes([last])


def _unwritable(path: Path, error: OSError) -> StoreError:
    return StoreError(f"{path.name} cannot be written: {error.strerror or error}. Nothing was left behind.")
