"""The text–audio space of an Earmark in memory: lists of tags, saved searches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from engine.describing.captions import CaptionMatch
from engine.describing.lists import TagList, tag_list
from engine.describing.zero_shot import TEMPLATE, Ranked, Ranking, checked_template
from engine.errors import Cancelled, LibraryError
from engine.records import FloatArray, Label, SavedQuery, Sound, TagCount, TagListInfo, Term
from engine.tasks import Ticket
from engine.weights import Weights

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class FakeTagging:
    """A sound has a label where that is one of its classes. sounds: those of the library."""

    def __init__(self) -> None:
        self.sounds: list[Sound] = []
        self.kept: dict[str, TagList] = {}
        self.stopped = 0

    def lists(self) -> list[TagListInfo]:
        return [self._info(name, labels) for name, labels in sorted(self.kept.items())]

    def tag(self, labels: TagList, name: str = "", least: float | None = None, top: int = 3,
            ticket: Ticket | None = None) -> TagListInfo:
        for done in range(len(self.sounds)):
            try:
                (ticket or Ticket()).report(done, len(self.sounds), "", "sounds")
            except Cancelled:
                self.stopped += 1
                raise
        self.kept[name or labels.name] = labels
        return self._info(name or labels.name, labels)

    def remove(self, name: str) -> None:
        if name not in self.kept:
            raise LibraryError(f"The library is not tagged with a list called “{name}”.")
        del self.kept[name]

    def of(self, sound: Sound) -> tuple[Label, ...]:
        heard = {tag.name.casefold(): tag.probability for tag in sound.tags}
        found = [(name, label, heard.get(label.casefold())) for name, one in sorted(self.kept.items()) for label in one.labels]
        return tuple(Label(name, label, near, near) for name, label, near in found if near is not None)

    def passes(self, sound: Sound, tags: Sequence[str]) -> bool:
        return {tag.casefold() for tag in tags} <= {f"{one.list_name}:{one.name}".casefold() for one in self.of(sound)}

    def _info(self, name: str, labels: TagList) -> TagListInfo:
        found = [one.name for sound in self.sounds for one in self.of(sound) if one.list_name == name]
        counts = [TagCount(label, found.count(label)) for label in labels.labels if label in found]
        tagged = sum(any(one.list_name == name for one in self.of(sound)) for sound in self.sounds)
        return TagListInfo(name, len(labels.labels), None, 3, tagged, tuple(sorted(counts, key=lambda c: -c.sounds)), NOON)


class FakeDescribing:
    """AudioSet is a few classes; other lists are read as they are."""

    def labels(self, name: str | Path) -> TagList:
        if name == "audioset":
            return TagList.of(["Door", "Slam", "Metal", "Thunder", "Harp"], "audioset")
        return tag_list(name, Weights())

    def captions(self, vectors: FloatArray, k: int = 5) -> tuple[CaptionMatch, ...]:
        words = ("a heavy door slams shut", "footsteps in a large stone hall, and then a gate that falls into its lock",
                 "a metal lid is dropped", "distant thunder", "someone knocks")
        return tuple(CaptionMatch(caption, 0.62 - 0.05 * n, 0) for n, caption in enumerate(words[:k]))

    def rank(self, vectors: FloatArray, labels: TagList, template: str = TEMPLATE, k: int = 3) -> Ranking:
        """The labels in their order; none fits where there are only two."""
        checked_template(template)
        best = [Ranked(label, 0.5 - 0.1 * n, 0.6 / (n + 1), 0) for n, label in enumerate(labels.labels[:k])]
        return Ranking(tuple(best), 0.4 if len(labels.labels) == 2 else 0.01)


class FakeQueries:
    """Saved searches by name. `fail`: raised by the next call."""

    def __init__(self) -> None:
        self.kept: dict[str, SavedQuery] = {}
        self.fail: Exception | None = None

    def list(self) -> list[SavedQuery]:
        self._check()
        return [self.kept[name] for name in sorted(self.kept, key=str.casefold)]

    def save(self, name: str, text: str = "", like: Path | int | None = None, terms: Sequence[Term] = (),
             tags: Sequence[str] = (), under: Path | None = None) -> SavedQuery:
        self.kept[name] = SavedQuery(name, tuple(terms), tuple(tags), under, NOON)
        return self.kept[name]

    def open(self, name: str) -> SavedQuery:
        self._check()
        return self.kept[name]

    def rename(self, old: str, new: str) -> None:
        if new in self.kept:
            raise LibraryError(f"A saved search called “{new}” exists already.")
        self.kept[new] = replace(self.kept.pop(old), name=new)

    def remove(self, name: str) -> None:
        del self.kept[name]

    def _check(self) -> None:
        if self.fail is not None:
            failure, self.fail = self.fail, None
            raise failure
