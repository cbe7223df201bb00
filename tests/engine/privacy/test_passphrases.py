"""Keys from passphrases: the same however it is typed, another for another, and never more memory than is sane."""

from __future__ import annotations

import hashlib
import sys
import time
import unicodedata

import pytest

from engine.errors import ExportUnreadable, StoreError, UsageError, WrongPassphrase
from engine.privacy.envelope import HEADER_BYTES, SUM_BYTES, SealedReader, SealedWriter
from engine.privacy.passphrases import MOST_LOG2_N, Stretching, checked, grouped, recovery_code, unwrap, wrap

CHEAP = Stretching(b"0123456789abcdef", log2_n=4)
KEY = bytes(range(32))


def test_a_passphrase_is_the_same_however_its_letters_are_written():
    composed = unicodedata.normalize("NFC", "Ångström über Zoë ﬁ")
    sealed = wrap(KEY, composed, CHEAP, b"id")
    assert unwrap(sealed, unicodedata.normalize("NFD", composed), CHEAP, b"id") == KEY
    for other in (composed.lower(), composed + " ", composed[:-1], ""):
        with pytest.raises(WrongPassphrase):
            unwrap(sealed, other, CHEAP, b"id")
    with pytest.raises(WrongPassphrase):
        unwrap(sealed, composed, CHEAP, b"another id")


@pytest.mark.parametrize("passphrase", ["x" * 1_000_000, "\U0001f40b" * 8, "tab\tand\nline", "\udcff from a terminal"])
def test_any_text_can_be_a_passphrase_to_its_last_letter(passphrase):
    sealed = wrap(KEY, checked(passphrase), CHEAP, b"id")
    assert unwrap(sealed, passphrase, CHEAP, b"id") == KEY
    with pytest.raises(WrongPassphrase):
        unwrap(sealed, passphrase[:-1], CHEAP, b"id")


@pytest.mark.parametrize("passphrase", ["", "        ", "seven77", "seven77 ", "\u3000" * 9])
def test_too_short_a_passphrase_is_not_set(passphrase):
    with pytest.raises(UsageError, match="at least 8"):
        checked(passphrase)


def test_recovery_codes_are_read_however_they_are_typed():
    code = recovery_code()
    assert len({recovery_code() for _ in range(50)}) == 50
    assert grouped(code.lower().replace("-", " ") + " ") == grouped(code.replace("-", "")) == code


@pytest.mark.parametrize(("log2_n", "r", "p"), [(MOST_LOG2_N + 1, 8, 1), (30, 8, 1), (255, 255, 255), (17, 9, 1), (17, 8, 5),
                                                (0, 8, 1), (17, 0, 1), (17, 8, 0)])
def test_a_file_cannot_ask_for_more_memory_or_time_than_is_sane(tmp_path, log2_n, r, p):
    """Its header is not proved before the passphrase is tried: whoever sends a file chooses these numbers."""
    resource = pytest.importorskip("resource")
    file = tmp_path / "file"
    with SealedWriter(file, "seven words") as out:
        out.finish()
    whole = file.read_bytes()
    begins = whole[:9] + bytes([log2_n, r, p]) + whole[12:HEADER_BYTES - SUM_BYTES]
    file.write_bytes(begins + hashlib.sha256(begins).digest()[:SUM_BYTES] + whole[HEADER_BYTES:])
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    with pytest.raises(StoreError, match="parameters of the passphrase") as caught:
        SealedReader(file, "seven words")
    assert not isinstance(caught.value, WrongPassphrase | ExportUnreadable)
    assert time.monotonic() - began < 1
    assert sys.platform == "darwin" or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kB


def test_where_the_memory_is_not_to_be_had_it_is_said(monkeypatch):
    from cryptography.hazmat.primitives.kdf import scrypt

    class Small:
        def __init__(self, **_: object) -> None: ...

        def derive(self, _: bytes) -> bytes:
            raise MemoryError

    monkeypatch.setattr(scrypt, "Scrypt", Small)
    with pytest.raises(StoreError, match="takes 134 MB of memory"):
        Stretching.new().key("seven words")
