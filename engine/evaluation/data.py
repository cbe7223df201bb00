"""Folders of recordings as measurements want them: labelled sounds, utterances by speaker."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

from engine.audio.files import SUFFIXES
from engine.errors import UsageError

_NUMBER = re.compile(r"^\d+\s*[-_.]\s*")


@dataclass(frozen=True)
class Labelled:
    """One file with its label (sounds) or speaker (speech)."""

    path: Path
    label: str


def label_of(folder: str) -> str:
    """`001 - Dog bark` → `dog bark`, `sea_waves` → `sea waves`."""
    return " ".join(_NUMBER.sub("", folder).replace("_", " ").split()).lower()


def sounds(folder: Path) -> list[Labelled]:
    """Labelled sounds: a `labels.csv` with `filename,label` in the folder, else one sub-folder a class.

    In the order of the file or of the paths. Raises UsageError when there are none, or fewer than two labels.
    """
    _must_be_folder(folder)
    table = folder / "labels.csv"
    found = _from_table(table) if table.is_file() else [
        Labelled(p, label_of(p.relative_to(folder).parts[0])) for p in _audio_files(folder)
        if len(p.relative_to(folder).parts) > 1]
    return _checked(found, folder, "a folder for each class, or a labels.csv with filename,label")


def utterances(folder: Path) -> list[Labelled]:
    """Utterances, one sub-folder a speaker (sub-folders below that belong to it). Raises UsageError like `sounds`."""
    _must_be_folder(folder)
    found = [Labelled(p, p.relative_to(folder).parts[0]) for p in _audio_files(folder)
             if len(p.relative_to(folder).parts) > 1]
    return _checked(found, folder, "a folder for each speaker")


def _must_be_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}.")


def _audio_files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())


def _from_table(table: Path) -> list[Labelled]:
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{table} cannot be read: {error}.") from error
    if not rows or not {"filename", "label"} <= set(rows[0]):
        raise UsageError(f"{table} needs the columns filename and label.")
    for number, row in enumerate(rows, 1):
        if not row["filename"] or not label_of(row["label"] or ""):
            raise UsageError(f"Row {number} of {table} lacks a filename or a label.")
    found = [Labelled(table.parent / row["filename"], label_of(row["label"])) for row in rows]
    missing = [f.path.name for f in found if not f.path.is_file()]
    if missing:
        raise UsageError(f"{len(missing)} files of {table} are not there, for instance {missing[0]}.")
    return found


def _checked(found: list[Labelled], folder: Path, wanted: str) -> list[Labelled]:
    if len({f.label for f in found}) < 2:
        raise UsageError(f"{folder} holds nothing to measure. It needs {wanted}, at least two of them.")
    return found
