"""Lists of labels to classify and tag with: AudioSet's classes, the Universal Category System's, the user's own."""

from __future__ import annotations

import csv
import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any
from unicodedata import category

from engine.errors import UsageError
from engine.files import open_regular
from engine.texts import table_rows, text_from
from engine.weights import Weights

BUILT_IN = ("audioset", "ucs")
LARGEST_BYTES = 10_000_000
MOST_LABELS = 20_000
"""Of a list; the text encoder reads about a hundred to a thousand a second."""
_UNHEARD = "Archived"  # the category of UCS for the state of a production; it names no sound


@dataclass(frozen=True)
class TagList:
    """labels: what is shown and stored, without duplicates; texts: what the text encoder is given for each."""

    name: str
    labels: tuple[str, ...]
    texts: tuple[str, ...]

    @classmethod
    def of(cls, labels: Sequence[str], name: str = "labels", texts: Sequence[str] | None = None) -> TagList:
        """Labels as a list: white space and control characters folded, blank ones and repetitions (whatever the case) left out.

        Raises UsageError where nothing is left, and for more than MOST_LABELS.
        """
        found: dict[str, tuple[str, str]] = {}
        for label, text in zip(labels, texts or labels, strict=True):
            label, text = folded(label), folded(text)
            if label:
                found.setdefault(label.casefold(), (label, text or label))
        if not found:
            raise UsageError(f"{name} holds no label. It needs at least one." if name != "labels" else
                             "There is no label. Give at least one that is not blank.")
        if len(found) > MOST_LABELS:
            raise UsageError(f"{name} has {len(found):,} labels; a list has {MOST_LABELS:,} at most.")
        return cls(name, tuple(label for label, _ in found.values()), tuple(text for _, text in found.values()))


def folded(text: str) -> str:
    """One line: white space, control characters and halves of characters (lone surrogates) become single spaces."""
    return " ".join("".join(" " if category(c) in ("Cc", "Cs") else c for c in text).split())


def tag_list(name: str | Path, weights: Weights) -> TagList:
    """A list by its name, “audioset” (521 classes) or “ucs” (737 sub-categories), or by a file.

    Files: .txt has one label a line; .csv or .tsv (parted by commas, semicolons or tabs) a column `label` and, where wanted,
    `text` (what the encoder is given); .json a list of labels, or of objects with label and text. Raises UsageError,
    WeightsMissing (audioset).
    """
    if str(name).lower() == "audioset":
        from engine.encoders.sound import class_names

        return TagList.of(class_names(weights), "audioset")
    if str(name).lower() == "ucs":
        return _ucs()
    path = Path(name).expanduser()
    readers = {".txt": _txt, ".csv": _csv, ".tsv": _csv, ".json": _json}
    if path.suffix.lower() not in readers:
        raise UsageError(f"There is no list “{name}”. It can be {', '.join(BUILT_IN)}, or a .txt, .csv, .tsv or .json file.")
    labels, texts = readers[path.suffix.lower()](path, text_of(path))
    return TagList.of(labels, path.name, texts)


def text_of(path: Path) -> str:
    """A small text file, a byte order mark taken off. Raises UsageError, with what to do, for anything else."""
    try:
        with open_regular(path) as file:
            data = file.read(LARGEST_BYTES + 1)
        if len(data) > LARGEST_BYTES:
            raise UsageError(f"{path} is larger than {LARGEST_BYTES // 10**6} MB, which no list of texts is.")
        return text_from(data)
    except FileNotFoundError:
        raise UsageError(f"There is no file {path}.") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text (byte {error.start}). Save it as UTF-8.") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.") from error


def csv_rows(path: Path, text: str, column: str) -> list[dict[str, str]]:
    """The rows of a table that has this column (or column_1 …), cells that are missing as empty text. Raises UsageError."""
    try:
        rows = table_rows(text)
    except csv.Error as error:
        raise UsageError(f"{path} cannot be read as a table: {error}.") from error
    if not rows or not any(name == column or (name or "").startswith(f"{column}_") for name in rows[0]):
        raise UsageError(f"{path} needs a first line with the column {column}, and at least one row below.")
    return rows


def json_list(path: Path, text: str, example: str) -> list[Any]:
    """The list of a JSON file. Raises UsageError."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not valid JSON: {error}.") from error
    if not isinstance(found, list):
        raise UsageError(f"{path} must hold a list, like {example}.")
    return found


def _txt(path: Path, text: str) -> tuple[list[str], list[str] | None]:
    return text.splitlines(), None


def _csv(path: Path, text: str) -> tuple[list[str], list[str] | None]:
    rows = csv_rows(path, text, "label")
    labels = [row.get("label", "") for row in rows]
    return labels, [row.get("text") or label for row, label in zip(rows, labels, strict=True)]


def _json(path: Path, text: str) -> tuple[list[str], list[str] | None]:
    found = json_list(path, text, '["rain", "wind"]')
    labels, texts = [], []
    for number, entry in enumerate(found, 1):
        label = entry.get("label") if isinstance(entry, dict) else entry
        words = entry.get("text", label) if isinstance(entry, dict) else entry
        if not isinstance(label, str) or not isinstance(words, str):
            raise UsageError(f"Entry {number} of {path} is neither a label nor an object with label (and text).")
        labels.append(label)
        texts.append(words)
    return labels, texts


def _ucs() -> TagList:
    """“Category: sub-category”; the text is both names, of MISC the category's alone."""
    table = tomllib.loads(resources.files("resources").joinpath("labels", "ucs.toml").read_text("utf-8"))["categories"]
    pairs = [(category, sub) for category, subs in table.items() if category != _UNHEARD for sub in subs]
    return TagList.of([f"{category}: {sub}" for category, sub in pairs], "ucs",
                      [(category if sub == "misc" else f"{category} {sub}").lower() for category, sub in pairs])
