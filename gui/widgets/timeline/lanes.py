"""What a timeline is made of: a lane for each one who speaks, and stretches of speech in the lanes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from engine.records import IdentificationStatus, Span, Turn


@dataclass(frozen=True)
class Lane:
    """One who speaks. name: shown beside the lane. colour: None for somebody unknown. can_name: a press on the name asks
    for one. tip: told after the name where the pointer rests."""

    name: str
    spoken_s: float
    colour: int | None = None
    can_name: bool = False
    tip: str = ""

    @property
    def known(self) -> bool:
        return self.colour is not None


@dataclass(frozen=True)
class Stretch:
    """Speech of one lane (its position)."""

    lane: int
    status: IdentificationStatus
    span: Span


def lanes_of_turns(turns: Sequence[Turn], voices: Mapping[str, int]) -> tuple[list[Lane], list[Stretch]]:
    """Lanes of a live session in the order of appearance, the unknown last. voices: name → colour."""
    unknown = QCoreApplication.translate("Timeline", "Unknown")
    spoken: dict[str | None, float] = {}
    for turn in turns:
        spoken[turn.voice] = spoken.get(turn.voice, 0.0) + turn.span.duration_s
    ordered = sorted(spoken, key=lambda name: name is None)
    lanes = [Lane(name or unknown, spoken[name], None if name is None else voices.get(name, 0)) for name in ordered]
    at = {name: position for position, name in enumerate(ordered)}
    return lanes, [Stretch(at[turn.voice], turn.status, turn.span) for turn in turns]
