"""The joint spaces that can be chosen, with all that is known of them without loading one."""

from __future__ import annotations

from pathlib import Path

from engine.encoders.models import JOINT, Models
from engine.errors import EncoderError
from engine.records import EncoderChoice, ModelInfo, ModelState


def joints(models: Models, in_use: str, pending: str = "", voice: str = "") -> list[EncoderChoice]:
    """The program's own joint spaces, then what was added, in the order it was. voice: name of the voice encoder in use.

    Raises StoreError.
    """
    return [*own(models, in_use, pending), *_added(models, (in_use, voice), pending)]


def own(models: Models, in_use: str, pending: str = "") -> list[EncoderChoice]:
    """The program's own joint spaces alone, which need no list of what was added."""
    found = []
    for name, space in JOINT.items():
        parts = [models.weights.info(part) for part in space.parts]
        state: ModelState = next((part.state for part in parts if part.state in ("missing", "damaged")), "present")
        try:
            spec = space.spec(models.weights)
        except EncoderError:  # it is not installed as it should be
            info = ModelInfo(name, space.title, "joint", "", None, None, 0, "Apache-2.0", "", "", "", "damaged", None)
        else:
            info = ModelInfo(name, space.title, "joint", spec.version, spec.dim, spec.rate_hz, 0, "Apache-2.0",
                             " + ".join(part.title for part in parts), "", spec.sha256, state, None)
        found.append(EncoderChoice(info, False, space.parts, name == in_use, name == pending, ""))
    return found


def _added(models: Models, in_use: tuple[str, ...], pending: str) -> list[EncoderChoice]:
    return [EncoderChoice(
        ModelInfo(one.name, one.title, "voice" if one.kind == "voice" else "joint", one.version, one.dim, one.rate_hz,
                  one.size_bytes, one.licence, one.source, "", one.sha256, "present" if one.present else "missing",
                  Path(one.folder)),
        True, (), one.name in in_use, one.name == pending,
        "" if one.present else f"The files of “{one.name}” are not in “{one.folder}” any more.", one.added_at)
        for one in (models.added.list() if models.added else [])]
