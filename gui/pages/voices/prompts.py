"""The sentences to read aloud, from resources/prompts.toml."""

from __future__ import annotations

import tomllib
from importlib import resources


def prompts() -> list[str]:
    """All of them, in order; never empty."""
    raw = resources.files("resources").joinpath("prompts.toml").read_text(encoding="utf-8")
    return [str(text) for text in tomllib.loads(raw)["prompts"]]
