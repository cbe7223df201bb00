"""Keys from passphrases: scrypt (RFC 7914), and a data key wrapped by one."""

from __future__ import annotations

import base64
import os
import unicodedata
from dataclasses import dataclass

from engine.errors import StoreError, UsageError, WrongPassphrase
from engine.privacy.sealing import NONCE_BYTES, TAG_BYTES

MIN_LETTERS = 8
SALT_BYTES = 16
LOG2_N = 17
"""2**17 rounds over blocks of 8 · 128 bytes: 128 MB of memory for every guess."""
MOST_LOG2_N, MOST_R, MOST_P = 20, 8, 4  # of a file that somebody sent: not more than a gigabyte
RECOVERY_BYTES = 20  # 160 bits: 32 letters of base32


@dataclass(frozen=True)
class Stretching:
    """How a passphrase becomes a key; kept beside what it opens."""

    salt: bytes
    log2_n: int = LOG2_N
    r: int = 8
    p: int = 1

    @classmethod
    def new(cls) -> Stretching:
        return cls(os.urandom(SALT_BYTES))

    def key(self, passphrase: str) -> bytes:
        """32 bytes. Raises StoreError for parameters that no Earmark writes, and where the memory for it is not to be had."""
        from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

        sane = (isinstance(self.salt, bytes) and all(isinstance(one, int) for one in (self.log2_n, self.r, self.p))
                and 1 <= self.log2_n <= MOST_LOG2_N and 1 <= self.r <= MOST_R and 1 <= self.p <= MOST_P
                and len(self.salt) == SALT_BYTES)
        if not sane:
            raise StoreError("The parameters of the passphrase are damaged, or come from a newer Earmark. Nothing was changed.")
        try:
            return Scrypt(salt=self.salt, length=32, n=2 ** self.log2_n, r=self.r, p=self.p).derive(normal(passphrase))
        except MemoryError:
            size = 2 ** self.log2_n * self.r * 128 // 1_000_000
            raise StoreError(f"Trying a passphrase takes {size} MB of memory, and they are not free. Close other programs and "
                             "try again. Nothing was changed.") from None


def normal(passphrase: str) -> bytes:
    """The same passphrase typed on another keyboard gives the same bytes: NFKC, UTF-8."""
    return unicodedata.normalize("NFKC", passphrase).encode("utf-8", "surrogatepass")


def checked(passphrase: str) -> str:
    """A passphrase that is fit to be set. Raises UsageError."""
    if len(unicodedata.normalize("NFKC", passphrase).strip()) < MIN_LETTERS:
        raise UsageError(f"A passphrase needs at least {MIN_LETTERS} characters. Several words are easy to remember and "
                         "hard to guess.")
    return passphrase


def recovery_code() -> str:
    """160 random bits as 32 letters and digits in groups of four, to be written down."""
    return grouped(base64.b32encode(os.urandom(RECOVERY_BYTES)).decode("ascii"))


def grouped(text: str) -> str:
    """A recovery code as it was made, however it was typed."""
    letters = "".join(c for c in text.upper() if c.isalnum())
    return "-".join(letters[at:at + 4] for at in range(0, len(letters), 4))


def wrap(key: bytes, passphrase: str, stretching: Stretching, bound: bytes) -> bytes:
    """The data key, sealed by a passphrase: 12 bytes of nonce, ciphertext and tag."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(stretching.key(passphrase)).encrypt(nonce, key, bound)


def unwrap(wrapped: bytes, passphrase: str, stretching: Stretching, bound: bytes) -> bytes:
    """Raises WrongPassphrase."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if len(wrapped) <= NONCE_BYTES + TAG_BYTES:
        raise WrongPassphrase
    try:
        return AESGCM(stretching.key(passphrase)).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], bound)
    except InvalidTag:
        raise WrongPassphrase from None
