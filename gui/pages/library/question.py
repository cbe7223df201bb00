"""What is asked of the library: the words that are typed, and further terms that stand as chips."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from engine.records import Sound, Term
from gui.widgets.result_table import shown_name

WEIGHTS = (0.5, 1.0, 2.0, 4.0)
"""What a chip offers; a saved search may hold others."""
_MINUS = re.compile(r"(?:^|\s)[-−–]\s*(?=[^\W\d_])(?P<what>.+)$")
_WITHOUT = re.compile(r"(?:^|[\s,;]+)(?:(?:but|and|with)\s+)?(?:without|no|not|except(?:\s+for)?)\s+"
                      r"(?:(?:any|a|an|the)\s+)?(?P<what>[^\W_].*)$", re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    """A term that stands as a chip. name: the text, or what the sound is called."""

    term: Term
    name: str

    @property
    def minus(self) -> bool:
        return self.term.weight < 0

    @property
    def is_sound(self) -> bool:
        return self.term.like is not None

    def same_as(self, other: Part) -> bool:
        """Whether both name the same thing, whatever the weights."""
        return (self.term.text.casefold(), self.term.like) == (other.term.text.casefold(), other.term.like)

    def weighing(self, weight: float) -> Part:
        return replace(self, term=replace(self.term, weight=weight))


def text_part(text: str, weight: float = 1.0) -> Part:
    return Part(Term(text, weight=weight), text)


def sound_part(sound: Sound, weight: float = 1.0) -> Part:
    return Part(Term(like=sound.id, weight=weight), shown_name(sound))


def file_part(path: Path, weight: float = 1.0) -> Part:
    return Part(Term(like=path, weight=weight), path.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))


@dataclass(frozen=True)
class Query:
    """text: what is typed. parts: the chips. False where nothing is looked for: then everything is listed."""

    text: str = ""
    parts: tuple[Part, ...] = ()

    @property
    def terms(self) -> tuple[Term, ...]:
        return ((Term(self.text),) if self.text else ()) + tuple(part.term for part in self.parts)

    def __bool__(self) -> bool:
        return bool(self.text) or any(not part.minus for part in self.parts)

    @property
    def only_minus(self) -> bool:
        """Chips say what to leave out, and nothing says what to look for."""
        return bool(self.parts) and not self

    @property
    def by_example(self) -> bool:
        """A sound of the library is what is looked for, or what is left out: it is not listed itself."""
        return any(isinstance(part.term.like, int) for part in self.parts)

    def words(self) -> str:
        """The question in a line: “rain + like drips.wav − speech”."""
        line = self.text
        for part in self.parts:
            factor = "" if abs(part.term.weight) == 1 else f"{abs(part.term.weight):g} × "
            sign = " − " if part.minus else " + "
            line += (sign if line or part.minus else "") + factor + part.name
        return line.strip()


def query_of(terms: list[Part]) -> Query:
    """A saved or remembered question: its first plain text is typed, the rest are chips."""
    first = next((n for n, part in enumerate(terms) if not part.is_sound and part.term.weight == 1), None)
    return Query("" if first is None else terms[first].term.text,
                 tuple(part for n, part in enumerate(terms) if n != first))


def minus_written(text: str) -> tuple[str, str] | None:
    """(the rest, what is to be left out) of a text with a minus sign before its last words: “rain -speech”."""
    return _split(_MINUS.search(text), text)


def minus_meant(text: str) -> tuple[str, str] | None:
    """The same, also for “rain without speech”, “rain, no speech”: encoders of text do not understand a written “no”."""
    return minus_written(text) or _split(_WITHOUT.search(text), text)


def _split(found: re.Match[str] | None, text: str) -> tuple[str, str] | None:
    if found is None or not found["what"].strip():
        return None
    return text[:found.start()].strip(" ,;"), found["what"].strip()
