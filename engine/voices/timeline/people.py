"""How many people speak in a recording, where somebody knows it."""

from __future__ import annotations

People = tuple[int, int | None]
"""At least and at most; None: no limit."""
ANY: People = (1, None)
