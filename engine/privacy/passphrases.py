"""Keys from passphrases: scrypt (RFC 7914), and the data key of a workspace wrapped by one."""

from __future__ import annotations

import base64
import os
import unicodedata
from dataclasses import dataclass

from engine.errors import StoreError, UsageError, WrongPassphrase

MIN_LETTERS = 8
SALT_BYTES = 16
LOG2_N = 17
"""2**17 rounds of 8 blocks: 128 MB and 0.4 s on one core (0.1 s for 2**15)."""
MOST = {"n": 2 ** 20, "r": 16, "p": 4}  # of a file that somebody sent: not more than a gigabyte or some seconds
RECOVERY_BYTES = 20  # 160 bits: 32 letters of base32


@dataclass(frozen=True)
class Stretching:
    """How a passphrase becomes a key; kept beside what it opens."""

    salt: bytes
    n: int = 2 ** LOG2_N
    r: int = 8
    p: int = 1

    @classmethod
    def new(cls) -> Stretching:
        return cls(os.urandom(SALT_BYTES))

    def key(self, passphrase: str, length: int = 32) -> bytes:
        """length bytes. Raises StoreError for parameters that no Earmark writes."""
        from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

        sane = (2 <= self.n <= MOST["n"] and self.n & (self.n - 1) == 0 and 1 <= self.r <= MOST["r"]
                and 1 <= self.p <= MOST["p"] and len(self.salt) >= 8)
        if not sane:
            raise StoreError("The parameters of the passphrase are damaged, or come from a newer Earmark.")
        return Scrypt(salt=self.salt, length=length, n=self.n, r=self.r, p=self.p).derive(normal(passphrase))


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
    letters = base64.b32encode(os.urandom(RECOVERY_BYTES)).decode("ascii")
    return "-".join(letters[at:at + 4] for at in range(0, len(letters), 4))


def typed_code(text: str) -> str:
    """A recovery code as it was made, however it was typed."""
    letters = "".join(c for c in text.upper() if c.isalnum())
    return "-".join(letters[at:at + 4] for at in range(0, len(letters), 4))


def wrap(key: bytes, passphrase: str, stretching: Stretching, bound: bytes) -> bytes:
    """The data key, sealed by a passphrase: 12 bytes of nonce, ciphertext and tag. The salt is new each time."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(12)
    return nonce + AESGCM(stretching.key(passphrase)).encrypt(nonce, key, bound)


def unwrap(wrapped: bytes, passphrase: str, stretching: Stretching, bound: bytes) -> bytes:
    """Raises WrongPassphrase."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(stretching.key(passphrase)).decrypt(wrapped[:12], wrapped[12:], bound)
    except InvalidTag:
        raise WrongPassphrase from None
