"""Looks for what must not be in a folder any more, in every coding that it may stand in.

A vector may stand as raw numbers of any width, in base64 (the journal of changes is JSON), in hex or as decimal numbers; a name
as UTF-8, UTF-16, escaped JSON, folded, decomposed. Long values are looked for in pieces: what is left of one may be cut.
"""

from __future__ import annotations

import base64
import json
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

Value = bytes | str | np.ndarray
PIECE = 48  # bytes; a piece in base64 has an end of its own
SHORTEST = 6  # bytes of base64 that are no chance


def traces(folder: Path, values: Iterable[Value]) -> list[str]:
    """Names of the files of a folder that hold any of some values, in their content or in their name."""
    needles = set().union(*(codings(value) for value in values))
    return sorted(file.name for file in folder.rglob("*") if file.is_file() and _holds(file, needles))


def codings(value: Value) -> set[bytes]:
    """The bytes that a value may stand as."""
    return {coded for raw in _raw(value) for coded in (raw, *_coded(raw))} | set(_as_text(value))


def _holds(file: Path, needles: set[bytes]) -> bool:
    found = file.read_bytes() + file.name.encode("utf-8", "surrogateescape")
    return any(needle in found for needle in needles)


def _raw(value: Value) -> Iterator[bytes]:
    if isinstance(value, bytes):
        yield from _pieces(value)
    elif isinstance(value, str):
        for text in {form(value) for form in (str, str.casefold, lambda one: unicodedata.normalize("NFD", one))}:
            for coding in ("utf-8", "utf-16-le", "utf-16-be"):
                yield text.encode(coding)
    else:
        for kind in ("<f4", ">f4", "<f2", "<f8"):
            yield from _pieces(value.astype(kind).tobytes())


def _pieces(data: bytes) -> Iterator[bytes]:
    """All of it, where it is short. What is no more than chance is left out: a short rest, zeros of a sparse vector."""
    for at in range(0, max(1, len(data) - PIECE // 2), PIECE):
        piece = data[at:at + PIECE]
        if len(set(piece)) >= min(8, len(data) // 2):
            yield piece


def _coded(raw: bytes) -> Iterator[bytes]:
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    for before, lead in ((0, 0), (1, 2), (2, 3)):  # it may begin anywhere in what is coded: only whole letters count
        whole = (before + len(raw)) * 8 // 6
        letters = base64.b64encode(bytes(before) + raw)[lead:whole]
        if len(letters) >= SHORTEST:
            yield letters


def _as_text(value: Value) -> Iterator[bytes]:
    if isinstance(value, str):
        yield json.dumps(value)[1:-1].encode()
        yield json.dumps(value.casefold())[1:-1].encode()
    elif isinstance(value, np.ndarray):
        for width in (np.float32, np.float64):
            at = min(int(np.abs(value).argmax()), len(value) - 3)
            numbers = [str(one) for one in value.astype(width)[at:at + 3]]
            yield ", ".join(numbers).encode()
            yield ",".join(numbers).encode()
