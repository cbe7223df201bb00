"""Text-only training data: groups of texts that describe one sound, and captions with AudioSet labels.

Read from `<data>/captions`; a training does without those that are not there.
  wavtext5k.csv                        title, description and tags of a recording (WavText5K, MIT)
  audiocaps-val.csv                    five captions a recording (AudioCaps, MIT)
  audioset-ontology.json               name and description of a class (CC BY-SA 4.0)
  ucs-8.2.1-en.json                    a category of the Universal Category System, its explanation, its synonyms
  audiocaps-test-with-labels.json      captions with the AudioSet labels of their recording, one object a line
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import UsageError
from engine.texts import table_rows, text_from

LABELLED, LABEL_NAMES = "audiocaps-test-with-labels.json", "audioset-class-labels.csv"
_TRAILING_NUMBER = re.compile(r"\s*\d+$")


@dataclass(frozen=True)
class LabelledCaption:
    """A caption and the tag classes (places in YAMNet's list) of its recording."""

    text: str
    classes: tuple[int, ...]


def groups(data: Path, sources: Sequence[str]) -> list[tuple[str, ...]]:
    """Texts that describe the same sound, at least two different ones a group. Raises UsageError.

    sources: of wavtext5k, audiocaps, ontology, ucs.
    """
    unknown = set(sources) - READERS.keys()
    if unknown:
        raise UsageError(f"There are no texts called {', '.join(sorted(unknown))}; there are {', '.join(READERS)}.")
    found = []
    for source in sources:
        file, read = READERS[source]
        path = data / "captions" / file
        if not path.is_file():
            raise UsageError(f"{path} is not there. The data folder needs captions/{file}.")
        try:
            for texts in read(path):
                group = tuple(dict.fromkeys(" ".join(text.split()) for text in texts if text and text.strip()))
                if len(group) > 1:
                    found.append(group)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, csv.Error) as error:
            raise UsageError(f"{path} cannot be read: {error}.") from error
    return found


def there(data: Path, sources: Sequence[str]) -> tuple[str, ...]:
    """Those of the sources whose files are there."""
    return tuple(source for source in sources if (data / "captions" / READERS[source][0]).is_file())


def labelled(data: Path, classes: Sequence[str]) -> list[LabelledCaption]:
    """Captions with labels, those without a label among `classes` (display names) left out. None where there is no such file.

    Raises UsageError.
    """
    folder = data / "captions"
    if not (folder / LABELLED).is_file():
        return []
    try:
        names = {row["mid"]: row["display_name"] for row in table_rows(text_from((folder / LABEL_NAMES).read_bytes()))}
        rows = [json.loads(line) for line in (folder / LABELLED).read_text("utf-8-sig").splitlines() if line.strip()]
        place = {name: n for n, name in enumerate(classes)}
        found = [LabelledCaption(row["captions"], tuple(place[names[mid]] for mid in row["labels"].split(",")
                                                        if names.get(mid) in place)) for row in rows]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"The labelled captions in {folder} cannot be read: {error}.") from error
    return [one for one in found if one.classes]


def descriptions(data: Path, classes: Sequence[str]) -> tuple[str, ...]:
    """What the AudioSet ontology says of each class; its name where it says nothing or is not there. Raises UsageError."""
    path = data / "captions" / READERS["ontology"][0]
    if not path.is_file():
        return tuple(classes)
    try:
        found = {node["name"]: node.get("description") for node in _json(path)}
    except (KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{path} is not the ontology that it should be: {error}.") from error
    return tuple(found.get(name) or name for name in classes)


def category_labels(data: Path) -> list[str]:
    """“burst air”, “hiss air” …: UCS sub-categories as labels, to have wrong answers to choose from; none without the file.

    Raises UsageError.
    """
    path = data / "captions" / "ucs-8.2.1-en.json"
    if not path.is_file():
        return []
    labels = []
    try:
        for row in _json(path):
            if row["SubCategory"] not in ("MISC", "GENERAL"):
                labels.append(f"{row['SubCategory']} {row['Category']}".lower())
    except (KeyError, TypeError) as error:
        raise UsageError(f"{path} is not the list of categories that it should be: {error}.") from error
    return list(dict.fromkeys(labels))


def _json(path: Path) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = json.loads(path.read_text("utf-8-sig"))
        return found
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}.") from error


def _wavtext(path: Path) -> Iterator[list[str]]:
    for row in table_rows(text_from(path.read_bytes())):
        yield [_TRAILING_NUMBER.sub("", (row.get(name) or "").strip()) for name in ("title", "description", "tags")]


def _audiocaps(path: Path) -> Iterator[list[str]]:
    for row in table_rows(text_from(path.read_bytes())):
        yield [row.get(f"caption_{n}") or "" for n in range(1, 6)]


def _ontology(path: Path) -> Iterator[list[str]]:
    for node in _json(path):
        yield [node["name"], node.get("description") or ""]


def _ucs(path: Path) -> Iterator[list[str]]:
    for row in _json(path):
        name = f"{row['SubCategory']} {row['Category']}".lower()
        yield [name, row.get("Explanations") or "", ", ".join((row.get("Synonyms") or [])[:12])]


READERS: dict[str, tuple[str, Callable[[Path], Iterator[list[str]]]]] = {
    "wavtext5k": ("wavtext5k.csv", _wavtext), "audiocaps": ("audiocaps-val.csv", _audiocaps),
    "ontology": ("audioset-ontology.json", _ontology), "ucs": ("ucs-8.2.1-en.json", _ucs)}
