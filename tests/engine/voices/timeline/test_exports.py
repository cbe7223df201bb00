"""Files for other programs: names with spaces, tabs, new lines and emoji, and a disk that refuses."""

from __future__ import annotations

import csv
import dataclasses
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.errors import StoreError, UsageError
from engine.records import Span, Timeline, TimelineTrack, TimelineTurn
from engine.voices.timeline import exports


def timeline(*names: str, path: str = "a talk.wav") -> Timeline:
    tracks = tuple(TimelineTrack(at, at, name, None, 0, "match", 0.9, 1.5, 0) for at, name in enumerate(names))
    turns = tuple(TimelineTurn(at, Span(1 + 2 * at, 2.5 + 2 * at)) for at in range(len(names)))
    return Timeline(1, Path(path), "aa", 3700.0, datetime.now(UTC), tracks, turns)


def test_rttm_by_hand_and_as_pyannote_reads_it(tmp_path):
    assert exports.rttm(timeline("Anna B", "Zoë 👩‍🚀\tx")) == (
        "SPEAKER a_talk 1 1.000 1.500 <NA> <NA> Anna_B <NA> <NA>\n"
        "SPEAKER a_talk 1 3.000 1.500 <NA> <NA> Zoë_👩‍🚀_x <NA> <NA>\n")
    load_rttm = pytest.importorskip("pyannote.database.util").load_rttm
    exports.write(timeline("Anna B", "Anna_B", "Anna\nB"), "rttm", tmp_path / "a.rttm")
    found = load_rttm(tmp_path / "a.rttm")["a_talk"]
    assert [(s.start, s.end, name) for s, _, name in found.itertracks(yield_label=True)] == [
        (1.0, 2.5, "Anna_B"), (3.0, 4.5, "Anna_B_2"), (5.0, 6.5, "Anna_B_3")]


def test_csv_keeps_names_as_they_are(tmp_path):
    names = ["Anna, \"the\" B", "tab\there", "new\nline"]
    exports.write(timeline(*names), "csv", tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["speaker"] for row in rows] == names
    assert rows[0] == {"start_s": "1.000", "end_s": "2.500", "speaker": names[0], "status": "match", "similarity": "0.9000"}


def test_audacity_has_two_tabs_a_line_and_srt_shows_who_speaks():
    assert exports.audacity(timeline("A\tB", "C\r\nD")) == "1.000000\t2.500000\tA B\n3.000000\t4.500000\tC D\n"
    assert exports.srt(timeline("A --> B", "C\n\nD")) == (
        "1\n00:00:01,000 --> 00:00:02,500\nA → B\n\n2\n00:00:03,000 --> 00:00:04,500\nC D\n")
    late = timeline("A")
    late = dataclasses.replace(late, turns=(TimelineTurn(0, Span(3599.9996, 3661.25)),))
    assert "01:00:00,000 --> 01:01:01,250" in exports.srt(late)


@pytest.mark.parametrize("kind", exports.KINDS)
def test_nobody_spoke_and_bytes_that_are_no_text(tmp_path, kind):
    exports.write(timeline(path="caf\udce9.wav"), kind, tmp_path / "out")
    assert len((tmp_path / "out").read_text("utf-8").splitlines()) == (1 if kind == "csv" else 0)
    exports.write(timeline("A", path="caf\udce9.wav"), kind, tmp_path / "out")
    assert "A" in (tmp_path / "out").read_text("utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_cannot_be_written_is_said_and_the_old_file_stays(tmp_path):
    with pytest.raises(UsageError, match="not as “doc”"):
        exports.write(timeline("A"), "doc", tmp_path / "a.doc")
    with pytest.raises(StoreError, match=r"a\.srt cannot be written"):
        exports.write(timeline("A"), "srt", tmp_path / "gone" / "a.srt")
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreError, match="folder cannot be written"):
        exports.write(timeline("A"), "srt", tmp_path / "folder")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
