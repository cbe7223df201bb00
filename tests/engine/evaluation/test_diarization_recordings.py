"""Recordings with RTTM references: what is read, what is refused in words, and figures that can be worked out."""

from __future__ import annotations

import numpy as np
import pytest

from engine.audio import files
from engine.errors import UsageError
from engine.evaluation import diarization_recordings, diarization_scores, rttm
from engine.records import Audio, Span


def line(recording: str, start_s: float, length_s: float, who: str) -> str:
    return f"SPEAKER {recording} 1 {start_s:.3f} {length_s:.3f} <NA> <NA> {who} <NA> <NA>\n"


# --- reading ----------------------------------------------------------------------------------------------------------


def test_turns_by_recording_and_nothing_but_turns(tmp_path):
    path = tmp_path / "reference.rttm"
    path.write_text("\ufeff;; made by hand\n\n" + line("a", 0, 2, "Ann") + "SPKR-INFO a 1 <NA> <NA> <NA> adult Ann <NA>\n"
                    + line("b", 1.5, 0.5, "Béa") + line("a", 1, 2, "Bob"), "utf-8")
    assert rttm.read(path) == {"a": [("Ann", Span(0, 2)), ("Bob", Span(1, 3))], "b": [("Béa", Span(1.5, 2))]}


@pytest.mark.parametrize(("text", "words"), [
    ("SPEAKER a 1 0.0 1.0\n", "Line 1 .* 5 fields"), ("\nSPEAKER a 1 x 1.0 <NA> <NA> Ann\n", "Line 2 .* seconds"),
    ("SPEAKER a 1 -1 1.0 <NA> <NA> Ann\n", "below 0"), ("SPEAKER a 1 nan 1.0 <NA> <NA> Ann\n", "below 0"),
    ("SPEAKER a 1 0 inf <NA> <NA> Ann\n", "below 0")])
def test_a_line_that_is_no_turn_is_named(tmp_path, text, words):
    path = tmp_path / "reference.rttm"
    path.write_text(text)
    with pytest.raises(UsageError, match=words):
        rttm.read(path)


def test_what_is_no_text_is_refused(tmp_path):
    path = tmp_path / "reference.rttm"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="cannot be read"):
        rttm.read(path)


# --- which recordings -------------------------------------------------------------------------------------------------


def empty_sound(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write(path, Audio(np.zeros(8000, np.float32), 16000))


def test_references_and_recordings_are_matched_by_name(tmp_path):
    for name in ("a", "silent", "alone"):
        empty_sound(tmp_path / f"{name}.wav")
    (tmp_path / "silent.rttm").write_text("")
    (tmp_path / "reference.rttm").write_text(line("a", 0, 1, "Ann") + line("gone", 0, 1, "Ann"))
    found, failed = diarization_recordings._recordings(tmp_path)
    assert [(path.name, turns) for path, turns in found] == [("a.wav", [("Ann", Span(0, 1))]), ("silent.wav", [])]
    assert [(failure.path.name, failure.reason) for failure in failed] == [
        ("alone.wav", "no .rttm says who speaks in it"), ("reference.rttm", "there is no recording called “gone”")]


def test_two_recordings_or_two_references_of_one_name_are_refused(tmp_path):
    empty_sound(tmp_path / "a.wav")
    (tmp_path / "one.rttm").write_text(line("a", 0, 1, "Ann"))
    (tmp_path / "two.rttm").write_text(line("a", 0, 1, "Bob"))
    with pytest.raises(UsageError, match="both say who speaks in “a”"):
        diarization_recordings._recordings(tmp_path)
    (tmp_path / "two.rttm").unlink()
    empty_sound(tmp_path / "below" / "a.wav")
    with pytest.raises(UsageError, match="have the same name"):
        diarization_recordings._recordings(tmp_path)


def test_references_without_their_recordings_are_nothing_to_measure(tmp_path):
    (tmp_path / "one.rttm").write_text(line("a", 0, 1, "Ann"))
    with pytest.raises(UsageError, match=r"no recording that its \.rttm files name"):
        diarization_recordings._recordings(tmp_path)


def test_a_reference_without_speech_gives_rates_and_no_division_by_zero():
    silent = diarization_scores.scored([], [], 5.0, 0.0, False, named=False)
    false = diarization_scores.scored([], [("somebody", Span(1, 2))], 5.0, 0.0, False, named=False)
    assert diarization_scores.rates([silent, silent], 7)[0] == {"missed": 0, "false_alarm": 0, "confusion": 0, "der": 0}
    assert diarization_scores.rates([silent, false], 7)[0] == {"missed": 0, "false_alarm": 1, "confusion": 0, "der": 1}
