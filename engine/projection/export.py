"""A map as a document and as a table."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.files import write_whole
from engine.projection.maps import ProjectedMap
from engine.records import MapPoint
from engine.texts import csv_table, decoded


def document(shown: ProjectedMap, points: Sequence[MapPoint] | None = None) -> dict[str, Any]:
    """What `map --out f.json` holds. points: those of the map, or the same ones grouped otherwise."""
    return {"space": shown.space, "method": shown.method, "params": dict(shown.params), "points": [
        {"id": p.id, "label": decoded(p.label), "kind": p.kind, "x": _number(p.x), "y": _number(p.y)}
        for p in points or shown.points]}


def write(path: Path, shown: ProjectedMap, points: Sequence[MapPoint] | None = None) -> None:
    """Write .json (as `document`) or .csv (with the group of each point), whole or not at all. Raises OSError."""
    if path.suffix.lower() == ".json":
        content = (json.dumps(document(shown, points), indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8")
    else:
        content = csv_table(("id", "label", "kind", "group", "x", "y"), [
            (p.id, p.label, p.kind, p.group, _number(p.x), _number(p.y)) for p in points or shown.points])
    write_whole(path, content)


def _number(coordinate: float) -> float | None:
    """Nothing where there is no number."""
    return float(coordinate) if math.isfinite(coordinate) else None
