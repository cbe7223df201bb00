"""Damaged files neither crash the program, nor hang it, nor come out shorter without a word."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.benchmarks.mutated_files import FORMATS, measured

FILES = 160


def test_damaged_files_are_read_whole_or_refused(tmp_path: Path) -> None:
    found = measured(tmp_path, FILES, seed=7)
    wrong = [one for one in found if one[2] not in ("whole", "refused")]
    assert not wrong, wrong
    counts = Counter((kind, outcome) for kind, _, outcome, _ in found)
    assert all(counts[kind, "refused"] >= FILES // len(FORMATS) // 3 for kind in FORMATS if kind not in ("wav", "aiff"))
    assert counts["wav", "whole"] >= 5 and counts["mp3", "whole"] >= 2  # damage that takes nothing away is none
