"""Folders of sounds with captions: a captions.json or captions.csv, or what the names of the files say."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from engine.audio.files import SUFFIXES
from engine.describing.lists import folded
from engine.describing.names import caption_of
from engine.errors import UsageError
from engine.evaluation.data import listed, must_be_folder, rows_of
from engine.texts import text_from

Source = Literal["auto", "file", "names"]


@dataclass(frozen=True)
class Captioned:
    """One caption of one file. A file may have several, and a caption may belong to several files."""

    path: Path
    caption: str


def load(folder: Path, source: Source = "auto") -> tuple[Captioned, ...]:
    """The captions of a folder, in the order of the paths, each pair once.

    source: “file” reads captions.json (`[{"file", "caption"}…]`) or captions.csv (`file,caption`; AudioCaps' and Clotho's
    `file_name,caption_1…` too, of which some may be blank), with files relative to the folder; “names” makes them from file
    names; “auto” takes the file where there is one. White space in captions is folded. Raises UsageError for anything
    unreadable or missing.
    """
    must_be_folder(folder)
    tables = [folder / name for name in ("captions.json", "captions.csv") if (folder / name).is_file()]
    if source == "names" or (source == "auto" and not tables):
        found = _from_names(folder)
    elif tables:
        found = _from_json(tables[0]) if tables[0].suffix == ".json" else _from_csv(tables[0])
    else:
        raise UsageError(f"{folder} has neither a captions.json nor a captions.csv. With --captions names, they are made from "
                         "the names of the files.")
    unique = sorted(set(found), key=lambda c: (str(c.path), c.caption))
    if len({key(c.caption) for c in unique}) < 2 or len({c.path for c in unique}) < 2:
        raise UsageError(f"{folder} holds nothing to measure: it needs at least two sounds with two different captions.")
    return tuple(unique)


def key(caption: str) -> str:
    """What makes two captions the same text: case, white space and a final full stop do not."""
    return " ".join(caption.split()).rstrip(".").casefold()


def _from_names(folder: Path) -> list[Captioned]:
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    named = [(path, caption_of(path.relative_to(folder))) for path in paths]
    return [Captioned(path, caption) for path, caption in named if caption]


def _from_json(table: Path) -> list[Captioned]:
    try:
        rows = json.loads(text_from(table.read_bytes()))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{table} cannot be read: {error}.") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UsageError(f'{table} must be a list of objects like {{"file": "dog.wav", "caption": "A dog barks."}}.')
    return _checked(table, [(row.get("file"), [row.get("caption")]) for row in rows])


def _from_csv(table: Path) -> list[Captioned]:
    rows = rows_of(table)
    columns = list(rows[0]) if rows else []
    named = next((c for c in ("file", "file_name", "filename") if c in columns), None)
    captions = [c for c in columns if c == "caption" or (c or "").startswith("caption_")]
    if named is None or not captions:
        raise UsageError(f"{table} needs the columns file and caption.")
    return _checked(table, [(row[named], [row[column] for column in captions]) for row in rows])


def _checked(table: Path, rows: list[tuple[Any, list[Any]]]) -> list[Captioned]:
    """rows: a file with its captions, of which some may be blank, but not all."""
    found = []
    for number, (name, captions) in enumerate(rows, 1):
        texts = [text for text in (folded(caption) if isinstance(caption, str) else "" for caption in captions) if text]
        if not isinstance(name, str) or not name.strip() or not texts:
            raise UsageError(f"Entry {number} of {table} lacks a file or a caption.")
        found += [(name, text) for text in texts]
    paths = listed(table, [name for name, _ in found])
    return [Captioned(path, text) for path, (_, text) in zip(paths, found, strict=True)]
