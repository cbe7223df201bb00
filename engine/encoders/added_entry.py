"""One entry of the list of models that the user added, and what may stand in it: the list is a file that people may edit."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from engine.errors import UsageError
from engine.records import EncoderKind, EncoderSpec

HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
LONGEST_NAME = 60
LONGEST_TEXT = 5_000  # characters: more than any path or title has
LARGEST = {"dim": 1 << 16, "rate_hz": 1_000_000, "size_bytes": 1 << 50}
_KINDS: dict[type, str] = {int: "a whole number", str: "a text"}
_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class AddedModel:
    """One entry. form: which class loads it. folder: where its files lie, or the one file. hub: its name there, or empty."""

    name: str
    kind: str  # joint or voice
    form: str
    folder: str
    hub: str
    added_at: str  # ISO 8601, UTC
    title: str
    spec_name: str
    version: str
    dim: int
    rate_hz: int
    sha256: str
    size_bytes: int
    licence: str

    @property
    def spec(self) -> EncoderSpec:
        kind: EncoderKind = "voice" if self.kind == "voice" else "joint"
        return EncoderSpec(self.spec_name, self.version, self.sha256, kind, self.dim, self.rate_hz)

    @property
    def source(self) -> str:
        return f"hub {self.hub}" if self.hub else self.folder

    @property
    def present(self) -> bool:
        """Whether its files are where they were."""
        return os.path.exists(self.folder)  # noqa: PTH110 - Path.exists raises for names that no system takes


def entry_of(raw: Mapping[str, Any], forms: Mapping[str, Collection[str]]) -> AddedModel:
    """An entry of the list: nothing in it is believed that `add` would not write. forms: by kind.

    Raises ValueError with words for people.
    """
    for field in fields(AddedModel):
        value, kind = raw.get(field.name), int if field.type == "int" else str  # annotations are text
        if type(value) is not kind:
            raise ValueError(f"{field.name} is {'missing' if value is None else 'not ' + _KINDS[kind]}")
        if isinstance(value, str) and (len(value) > LONGEST_TEXT or "\0" in value):
            raise ValueError(f"{field.name} is too long, or no text")
        if isinstance(value, int) and not 0 <= value <= LARGEST[field.name]:
            raise ValueError(f"{field.name} is not between 0 and {LARGEST[field.name]}")
    entry = AddedModel(**{field.name: raw[field.name] for field in fields(AddedModel)})
    try:
        if checked_name(entry.name, ()) != entry.name:
            raise UsageError("There are spaces around it.")
    except UsageError as error:
        raise ValueError(f"name is no name of a model. {str(error).rstrip('.')}") from error
    if entry.form not in forms.get(entry.kind, ()):
        raise ValueError(f"there are no models of the kind “{entry.kind}” and the form “{entry.form}”")
    if not _SHA256.fullmatch(entry.sha256):
        raise ValueError("sha256 is not 64 hexadecimal digits")
    if not Path(entry.folder).is_absolute():
        raise ValueError("folder is not a whole path")
    if entry.hub and not HUB_NAME.fullmatch(entry.hub):
        raise ValueError("hub is no name of the hub")
    if not entry.dim or not entry.rate_hz:
        raise ValueError("dim and rate_hz are not 0")
    try:
        datetime.fromisoformat(entry.added_at)
    except ValueError as error:
        raise ValueError("added_at is no time") from error
    return entry


def checked_name(name: str, taken: Collection[str]) -> str:
    """A name for a model, without spaces around it. taken: names that others have. Raises UsageError."""
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable() or name.startswith("-"):
        raise UsageError(f"A model's name has 1 to {LONGEST_NAME} letters, does not begin with a dash, and can be printed.")
    if name.casefold() in {one.casefold() for one in taken}:
        raise UsageError(f"A model called “{name}” exists already. Choose another name.")
    return name
