"""From windows that have a speaker to turns with edges."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from engine.records import Span
from engine.voices.timeline.assignment import Heard
from engine.voices.timeline.clustering import IntArray


def turns(heard: Heard, spans: Sequence[Span], label: IntArray) -> list[tuple[int, Span]]:
    """(track, stretch) in order, apart from each other.

    spans: the runs of speech that the windows were cut from. label: int64 (n,), the track of each window. A run begins
    and ends with its speech; between two windows of different speakers the turn changes halfway between their middles.
    """
    middle = (heard.start_s + heard.end_s) / 2
    found: list[tuple[int, Span]] = []
    for run, span in enumerate(spans):
        rows = np.flatnonzero(heard.run == run)
        if not len(rows):
            continue
        start_s = span.start_s
        for at, after in pairwise(rows):
            if label[at] != label[after]:
                edge_s = float(middle[at] + middle[after]) / 2
                found.append((int(label[at]), Span(start_s, edge_s)))
                start_s = edge_s
        found.append((int(label[rows[-1]]), Span(start_s, span.end_s)))
    return found
