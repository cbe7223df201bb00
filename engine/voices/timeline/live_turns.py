"""Who spoke when in a live session: turns that grow while somebody speaks, and are not broken by one odd step.

Inside a run of speech a turn ends when two steps in a row say something else; the new turn then begins where somebody else
must have begun to speak for the first of them. That is the median of three steps, one step late. What a run begins with is
shown at once, and set right by the second step if that says something else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from engine.records import IdentificationStatus, Span, Turn

Label = tuple[str | None, IdentificationStatus, int | None]
BACK = 0.5
"""Share of the window by which a turn begins earlier than the step that first heard it: a window says who speaks in most of
it. Chosen by tests/benchmarks/live_strangers.py."""
MOST_TURNS = 20_000  # of a session: about a day of talk; the oldest go


class LiveTurns:
    """The turns of one session. Used under its owner's lock."""

    def __init__(self) -> None:
        self._turns: list[Turn] = []
        self._open = False  # the last turn is of the run of speech that goes on
        self._single = False  # it rests on one step
        self._odd: tuple[float, Label] | None = None  # a step that said something else: where it begins, what

    def step(self, voice: str | None, status: IdentificationStatus, stranger: int | None, now_s: float, used_s: float) -> None:
        """Somebody speaks. voice: None for a stranger, whose number may not be known yet. used_s: net speech looked at."""
        label = (voice, status, stranger)
        if not self._open:
            self._begin(label, Span(self._free_from(now_s - used_s), now_s))
            return
        last = self._turns[-1]
        if same(last, label) or self._single:
            self._single = self._single and not same(last, label)
            self._odd = None
            self._turns[-1] = Turn(voice, status, Span(last.span.start_s, now_s), stranger)
            self._join()
        elif self._odd is None:
            self._odd = (last.span.end_s, label)
            self._turns[-1] = replace(last, span=Span(last.span.start_s, now_s))
        else:
            from_s, before = self._odd
            from_s = max(last.span.start_s, from_s - BACK * used_s)
            self._turns[-1] = replace(last, span=Span(last.span.start_s, from_s))
            self._begin(label, Span(from_s, now_s))
            self._single = not same(Turn(*before[:2], Span(from_s, now_s), before[2]), label)

    def pause(self) -> None:
        """The run of speech is over: what comes next is another turn."""
        self._open, self._odd = False, None

    def relabel(self, merged: Iterable[tuple[int, int]]) -> None:
        """(younger, older) numbers of strangers that are one person: the older stays."""
        for younger, older in merged:
            turns, self._turns = self._turns, []
            for one in turns:
                self._turns.append(replace(one, stranger=older) if one.stranger == younger else one)
                self._join()

    def rename(self, names: Mapping[str | None, str]) -> None:
        """Voices are called otherwise now: old name → new one."""
        self._turns = [replace(one, voice=names[one.voice]) if one.voice in names else one for one in self._turns]
        if self._odd is not None and self._odd[1][0] in names:
            from_s, (voice, status, stranger) = self._odd
            self._odd = from_s, (names[voice], status, stranger)

    def all(self, names: Mapping[int | None, str], again: Mapping[str | None, int] | None = None) -> list[Turn]:
        """In order. names: what strangers were named, by number; their turns are as sure as a match. again: what those were
        called who are strangers again, with the number."""
        turns = [replace(one, voice=None, status="unknown", stranger=again[one.voice]) if again and one.voice in again else one
                 for one in self._turns]
        return [replace(one, voice=names[one.stranger], status="match") if one.stranger in names else one for one in turns]

    # --- inside -------------------------------------------------------------------------------------------------------

    def _begin(self, label: Label, span: Span) -> None:
        self._turns.append(Turn(label[0], label[1], span, label[2]))
        del self._turns[:-MOST_TURNS]
        self._open, self._single, self._odd = True, True, None

    def _free_from(self, start_s: float) -> float:
        """The start of a new turn, behind the one before."""
        return max(0.0, start_s, self._turns[-1].span.end_s if self._turns else 0.0)

    def _join(self) -> None:
        """Two turns that touch and came to say the same are one."""
        if len(self._turns) < 2:
            return
        first, second = self._turns[-2:]
        if (first.voice, first.status, first.stranger) == (second.voice, second.status, second.stranger) \
                and second.span.start_s - first.span.end_s < 1e-6:
            self._turns[-2:] = [replace(first, span=Span(first.span.start_s, second.span.end_s))]


def same(turn: Turn, label: Label) -> bool:
    """A stranger that had no number yet is the one that has got it."""
    voice, status, stranger = label
    return (turn.voice, turn.status) == (voice, status) and turn.stranger in (None, stranger)
