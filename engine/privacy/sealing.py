"""Sealing single records: AES-256-GCM (NIST SP 800-38D), bound to what the record belongs to.

A sealed record is one byte of format, 12 bytes of nonce, the ciphertext and its 16-byte tag. Nonces are drawn from the
system's generator: by SP 800-38D (8.3) that is safe for 2**32 records under one key, and a workspace has some thousands.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os

from engine.errors import RecordDamaged, StoreError

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
FORMAT = 1
OVERHEAD = 1 + NONCE_BYTES + TAG_BYTES
"""Bytes that a sealed record is longer than what it holds."""


def new_key() -> bytes:
    return os.urandom(KEY_BYTES)


class Sealer:
    """Seals and opens the records of one workspace under its data key. Immutable, so any thread may use it."""

    def __init__(self, key: bytes) -> None:
        """key: 32 random bytes. What encrypts and what names are marked with are derived from it, and differ."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._gcm = AESGCM(derived(key, b"earmark records"))
        self._marks = derived(key, b"earmark names")

    def seal(self, plain: bytes, bound: tuple[object, ...]) -> bytes:
        """bound: what the record belongs to, for instance ("voice", 3, "name"); it opens only with the same."""
        nonce = os.urandom(NONCE_BYTES)
        return bytes([FORMAT]) + nonce + self._gcm.encrypt(nonce, plain, _bytes(bound))

    def open(self, sealed: bytes, bound: tuple[object, ...]) -> bytes:
        """Raises RecordDamaged (also from another key, or moved from another place), StoreError (of a newer Earmark)."""
        from cryptography.exceptions import InvalidTag

        if len(sealed) < OVERHEAD or not sealed[0]:
            raise RecordDamaged
        if sealed[0] > FORMAT:
            raise StoreError("An encrypted record was written by a newer Earmark. It was left untouched. Update Earmark.")
        try:
            return self._gcm.decrypt(sealed[1:1 + NONCE_BYTES], sealed[1 + NONCE_BYTES:], _bytes(bound))
        except InvalidTag:
            raise RecordDamaged from None

    def mark(self, text: str) -> str:
        """The same for the same text, and telling nothing of it: 64 hex digits of HMAC-SHA-256."""
        return hmac.new(self._marks, text.encode("utf-8"), hashlib.sha256).hexdigest()


def derived(key: bytes, purpose: bytes, length: int = KEY_BYTES) -> bytes:
    """HKDF-SHA-256 (RFC 5869) of a key that is random already, without salt."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(algorithm=SHA256(), length=length, salt=None, info=purpose).derive(key)


def _bytes(bound: tuple[object, ...]) -> bytes:
    return json.dumps(bound, ensure_ascii=True, separators=(",", ":")).encode("ascii")
