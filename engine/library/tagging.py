"""Tags for every sound of the library, from any list of labels.

A sound has the `top` labels that are nearest to it (by its best span), as far as they fit: by the rule of "none fits"
(`describing.zero_shot`: fewer captions of all kinds of sounds are nearer than the label), or, where the list has a `least`,
by their probability among the labels. Only stored vectors are looked at, so a list is a matrix product away. Tags are
made when a list is chosen; at the end of a scan for the sounds that changed since, or for all, where it is not known which did or
the encoder that the library is searched with is another. A sound that is removed takes its tags with it at once.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable

import numpy as np

from engine.describing.captions import CaptionBank, default_captions
from engine.describing.lists import TagList, folded
from engine.describing.zero_shot import SHARE, TEMPERATURE, LabelMatcher, check_readable
from engine.encoders.protocols import TextAudioEncoder
from engine.errors import LibraryError, UsageError
from engine.index import IntArray, SpanIndex
from engine.library.terms import shortened
from engine.records import EncoderSpec, FloatArray, TagListInfo
from engine.store import Store
from engine.store.records import LONGEST_NAME, StoredList, Tagged
from engine.tasks import Ticket

TOP = 3
LONGEST_LABEL = 200
AT_ONCE = 1 << 22
"""Numbers of the largest table made in one go, 17 MB: spans × labels, dimensions or general captions."""

log = logging.getLogger(__name__)


class Tagging:
    """The lists that a library is tagged with. Thread-safe."""

    def __init__(self, store: Store, joint: Callable[[], TextAudioEncoder], spec: Callable[[], EncoderSpec]) -> None:
        """joint, spec: as for Library."""
        self._store = store
        self._joint = joint
        self._spec = spec

    def lists(self) -> list[TagListInfo]:
        """All lists by name, with the number of sounds of each label."""
        return self._store.tags.infos()

    def tag(self, labels: TagList, name: str = "", least: float | None = None, top: int = TOP,
            ticket: Ticket | None = None) -> TagListInfo:
        """Tag all sounds with a list; one of the same name is replaced. Nothing is changed when it fails.

        name: default that of the list. least: the least probability 0–1, instead of the rule of "none fits". top: at most
        so many tags a sound. Raises UsageError, Cancelled, WeightsMissing, Busy, StoreError.
        """
        if not 1 <= top <= 100:
            raise UsageError(f"A sound can have 1 to 100 tags of a list, not {top}.")
        if long := next((label for label in labels.labels if len(label) > LONGEST_LABEL), None):
            raise UsageError(f"The label “{shortened(long)}” of {labels.name} has {len(long):,} characters. A tag has "
                             f"{LONGEST_LABEL} at most; a .csv file can have a longer text beside it, in the column text.")
        if least is not None and not (math.isfinite(least) and 0 <= least <= 1):
            raise UsageError(f"The least probability lies between 0 and 1, not {least:g}.")
        spec, index, encoder = self._space()
        if encoder is not None:
            check_readable(encoder, labels.labels, labels.texts)
        name = name or folded(labels.name)[:LONGEST_NAME]  # that of a file may hold anything
        wanted = StoredList(0, name, labels.labels, labels.texts, least, top, None)
        found = self._found(wanted, index, encoder, ticket or Ticket())
        with self._store.writing():
            list_id = self._store.tags.add(wanted.name, wanted.labels, wanted.texts, least, top)
            self._store.tags.put(list_id, spec, index.version, found)
        shown = " ".join(wanted.name.split())
        return next(one for one in self.lists() if one.name == shown)

    def remove(self, name: str) -> None:
        """Forget a list and its tags. Raises LibraryError."""
        self._store.tags.remove(name)

    def refresh(self, ticket: Ticket | None = None) -> int:
        """Make the tags of every list that does not show the library as it is: of the sounds that changed since, or of all.

        Returns how many lists those were. Raises Cancelled (lists that are done stay), WeightsMissing, Busy, StoreError.
        """
        spec, ticket = self._spec(), ticket or Ticket()
        version = self._store.sounds.index(spec).version
        if all(one.shows == version for one in self._store.tags.lists(spec)):
            return 0
        spec, index, encoder = self._space()
        stale = [one for one in self._store.tags.lists(spec) if one.shows != index.version]
        for one in stale:
            only = None if one.shows is None else self._store.sounds.changed_since(one.shows)
            found = self._found(one, index, encoder, ticket, only)
            ticket.check()
            try:
                self._store.tags.put(one.id, spec, index.version, found, only)
            except LibraryError:
                log.info("a list was removed while its tags were made")
        return len(stale)

    def _space(self) -> tuple[EncoderSpec, SpanIndex, TextAudioEncoder | None]:
        """What is to be tagged, and the encoder of the very same space; an empty library needs none."""
        spec = self._spec()
        index = self._store.sounds.index(spec)
        if not len(index):
            return spec, index, None
        encoder = self._joint()  # its own spec: the library may have changed over since the line above
        return encoder.spec, self._store.sounds.index(encoder.spec), encoder

    def _found(self, wanted: StoredList, index: SpanIndex, encoder: TextAudioEncoder | None, ticket: Ticket,
               only: IntArray | None = None) -> Tagged:
        """only: ids of the sounds to be looked at."""
        nothing = Tagged(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32), np.zeros(0, np.float32))
        if encoder is None or not len(index) or (only is not None and not len(only)):
            return nothing
        matcher = LabelMatcher(encoder, wanted.labels, wanted.texts)
        temperature = float(getattr(encoder, "temperature", TEMPERATURE))
        general = None if wanted.least is not None else CaptionBank(encoder, default_captions(),
                                                                    self._store.folder / "captions").vectors
        parts, done = [], 0
        widest = max(len(wanted.labels), encoder.spec.dim, 0 if general is None else len(general))
        for portion in index.portions(max(1, AT_ONCE // widest), only):
            ticket.report(done, len(index) if only is None else len(only), wanted.name, "sounds")
            done += len(portion.ids)
            near = np.maximum.reduceat(matcher.similarities(portion.vectors), portion.starts, axis=0)  # (sounds, labels)
            odds = np.exp((near - near.max(axis=1, keepdims=True)) / temperature)
            odds /= odds.sum(axis=1, keepdims=True)
            if general is None:
                fits = odds >= wanted.least
            else:
                fits = near >= _edge(np.maximum.reduceat(portion.vectors @ general.T, portion.starts, axis=0))[:, None]
            order = np.argsort(-near, axis=1, kind="stable")[:, :wanted.top]
            chosen = np.zeros_like(fits)
            np.put_along_axis(chosen, order, True, axis=1)
            sounds, labels = np.nonzero(chosen & fits)
            parts.append((portion.ids[sounds], labels, near[sounds, labels], odds[sounds, labels]))
        if not parts:
            return nothing
        ids, labels, near, odds = (np.concatenate(column) for column in zip(*parts, strict=True))
        return Tagged(ids, labels.astype(np.int64), near, odds)


def _edge(general: FloatArray) -> FloatArray:
    """The similarity a label needs so that no more than SHARE of the general captions are nearer: (n, captions) → (n,)."""
    place = min(int(SHARE * general.shape[1]), general.shape[1] - 1)
    edge: FloatArray = -np.partition(-general, place, axis=1)[:, place]
    return edge
