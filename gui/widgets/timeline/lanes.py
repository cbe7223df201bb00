"""What a timeline is made of: a lane for each one who speaks, and stretches of speech in the lanes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from engine.records import IdentificationStatus, Span, Turn

Who = tuple[str | None, int | None]  # a voice, or a stranger's number, or neither


@dataclass(frozen=True)
class Lane:
    """One who speaks. name: shown beside the lane. colour: None for somebody unknown. stranger: its number, where a press on
    the name asks for one. tip: told after the name where the pointer rests."""

    name: str
    spoken_s: float
    colour: int | None = None
    stranger: int | None = None
    tip: str = ""

    @property
    def known(self) -> bool:
        return self.colour is not None

    @property
    def can_name(self) -> bool:
        return self.stranger is not None


@dataclass(frozen=True)
class Stretch:
    """Speech of one lane (its position)."""

    lane: int
    status: IdentificationStatus
    span: Span


def lanes_of_turns(turns: Sequence[Turn], voices: Mapping[str, int]) -> tuple[list[Lane], list[Stretch]]:
    """Lanes of a live session: voices in the order of appearance, strangers by number, then who has no number (yet).

    voices: name → colour. A voice that is not among them is gone, and has none.
    """
    spoken: dict[Who, float] = {}
    for turn in turns:
        spoken[_who(turn)] = spoken.get(_who(turn), 0.0) + turn.span.duration_s
    ordered = sorted(spoken, key=lambda who: (who[0] is None, math.inf if who == (None, None) else who[1] or 0))
    lanes = [_lane(who, spoken[who], voices) for who in ordered]
    at = {who: position for position, who in enumerate(ordered)}
    return lanes, [Stretch(at[_who(turn)], turn.status, turn.span) for turn in turns]


def _who(turn: Turn) -> Who:
    """A stranger that was named is its voice."""
    return (turn.voice, None) if turn.voice is not None else (None, turn.stranger)


def _lane(who: Who, spoken_s: float, voices: Mapping[str, int]) -> Lane:
    name, number = who
    if name is not None:
        return Lane(name, spoken_s, voices.get(name))
    tr = QCoreApplication.translate
    word = tr("Timeline", "Unknown") if number is None else tr("Timeline", "Stranger {}").format(number)
    return Lane(word, spoken_s, None, number)
