"""A map as a document and as a table."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.projection.maps import ProjectedMap
from engine.records import MapPoint


def document(shown: ProjectedMap, points: Sequence[MapPoint] | None = None) -> dict[str, Any]:
    """What `map --out f.json` holds. points: those of the map, or the same ones grouped otherwise."""
    return {"space": shown.space, "method": shown.method, "params": dict(shown.params), "points": [
        {"id": p.id, "label": _text(p.label), "kind": p.kind, "x": float(p.x), "y": float(p.y)} for p in points or shown.points]}


def write(path: Path, shown: ProjectedMap, points: Sequence[MapPoint] | None = None) -> None:
    """Write .json (as `document`) or .csv (with the group of each point). Raises OSError."""
    rows = document(shown, points)
    if path.suffix.lower() == ".json":
        path.write_text(json.dumps(rows, indent=1, ensure_ascii=False, allow_nan=False) + "\n", "utf-8")
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, ["id", "label", "kind", "group", "x", "y"])
        table.writeheader()
        table.writerows({**row, "group": _text(point.group)}
                        for row, point in zip(rows["points"], points or shown.points, strict=True))


def _text(name: str) -> str:
    """Bytes of a file name that are no UTF-8 are escaped."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
