"""Folders of recordings as measurements want them: labelled sounds, utterances by speaker."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from engine.audio.files import SUFFIXES
from engine.errors import UsageError
from engine.files import open_regular
from engine.texts import table_rows, text_from

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
    must_be_folder(folder)
    table = folder / "labels.csv"
    found = _from_table(table) if table.is_file() else [
        Labelled(p, label_of(p.relative_to(folder).parts[0])) for p in audio_files(folder)
        if len(p.relative_to(folder).parts) > 1]
    return _checked(found, folder, "a folder for each class, or a labels.csv with filename,label")


def utterances(folder: Path) -> list[Labelled]:
    """Utterances, one sub-folder a speaker (sub-folders below that belong to it). Raises UsageError like `sounds`."""
    must_be_folder(folder)
    found = [Labelled(p, p.relative_to(folder).parts[0]) for p in audio_files(folder)
             if len(p.relative_to(folder).parts) > 1]
    return _checked(found, folder, "a folder for each speaker")


def strangers(folder: Path) -> list[Labelled]:
    """Recordings of people who are not enrolled: one sub-folder a speaker, or flat files named `<speaker>-…`.

    Raises UsageError where there are none.
    """
    must_be_folder(folder)
    found = []
    for path in audio_files(folder):
        parts = path.relative_to(folder).parts
        found.append(Labelled(path, parts[0] if len(parts) > 1 else path.stem.split("-")[0]))
    if not found:
        raise UsageError(f"{folder} holds no recordings. It needs a folder for each speaker, or files named speaker-….")
    return found


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # for instance a name that is too long
        return False


def must_be_folder(folder: Path) -> None:
    """Raises UsageError for anything else."""
    if not os.path.isdir(folder):  # noqa: PTH112 - is_dir raises for names that no system takes
        raise UsageError(f"There is no folder {folder}.")


def audio_files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())


def _from_table(table: Path) -> list[Labelled]:
    rows = rows_of(table)
    if not rows or not {"filename", "label"} <= set(rows[0]):
        raise UsageError(f"{table} needs the columns filename and label.")
    for number, row in enumerate(rows, 1):
        if not row["filename"] or not label_of(row["label"] or ""):
            raise UsageError(f"Row {number} of {table} lacks a filename or a label.")
    paths = listed(table, [row["filename"] for row in rows])
    return [Labelled(path, label_of(row["label"])) for path, row in zip(paths, rows, strict=True)]


def rows_of(table: Path) -> list[dict[str, str]]:
    """The rows of a table; see `texts.table_rows`. Raises UsageError."""
    try:
        with open_regular(table) as file:
            return table_rows(text_from(file.read()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{table} cannot be read: {error}.") from error


def listed(table: Path, names: Sequence[str]) -> list[Path]:
    """The files that a table names, relative to its folder. Raises UsageError for one outside of it or not there."""
    for number, name in enumerate(names, 1):
        if "\0" in name or PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise UsageError(f"Entry {number} of {table} names {name!r}, which is not inside of the folder.")
    paths = [table.parent / name for name in names]
    missing = sorted({path.name for path in paths if not _is_file(path)})
    if missing:
        raise UsageError(f"{len(missing)} files of {table} are not there, for instance {missing[0][:80]}.")
    return paths


def _checked(found: list[Labelled], folder: Path, wanted: str) -> list[Labelled]:
    if len({f.label for f in found}) < 2:
        raise UsageError(f"{folder} holds nothing to measure. It needs {wanted}, at least two of them.")
    return found
