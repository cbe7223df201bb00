"""Two people never become one name unless one insists; and a file in which several speak says so."""

from __future__ import annotations

import numpy as np
import pytest

from engine.audio import files
from engine.records import Audio
from tests.true_models import silence, spoken, write_takes


def in_turn(path, turns, seconds=4.0, rate_hz=16_000, db=0.0):
    """Write a file in which the made voices of `turns` speak one after the other."""
    wave = np.concatenate([spoken(who, 10 + number, seconds).samples for number, who in enumerate(turns)])
    files.write(path, Audio(wave * np.float32(10 ** (db / 20)), rate_hz))
    return path


def test_takes_of_two_people_are_not_enrolled_as_one_unless_one_insists(run, tmp_path):
    anna, bert = write_takes(tmp_path, 1, 2), write_takes(tmp_path, 2, 2)
    assert run("voices", "enroll", "Anna", *anna).code == 0
    ran = run("voices", "enroll", "Anna", *bert, "--json")
    assert (ran.code, ran.document["takes"], ran.document["samples"]) == (1, [], 2)
    assert [one["file"] for one in ran.document["failed"]] == [str(path) for path in bert]
    for said in [one["error"] for one in ran.document["failed"]] + ran.err.splitlines():
        assert "does not sound like Anna: its likeness to the nearest take of Anna is 0." in said
        assert said.endswith("To enroll it all the same, say --anyway.")
    assert [voice["takes"] for voice in run("voices", "list", "--json").document] == [2]
    assert run("voices", "enroll", "Anna", *bert, "--anyway").code == 0
    flags = [set(one["flags"]) for one in run("voices", "samples", "Anna", "--json").document]
    assert len(flags) == 4
    listed = run("voices", "list")
    assert " of Anna may not be of this voice" in listed.err
    assert "python main.py voices samples \"Anna\"" in listed.err
    assert any("far" in one for one in flags)


def test_also_in_one_call_and_what_cannot_be_insisted_on_does_not_say_so(run, tmp_path):
    anna, bert = write_takes(tmp_path, 1, 1)[0], write_takes(tmp_path, 2, 1)[0]
    files.write(tmp_path / "quiet.wav", silence())
    ran = run("voices", "enroll", "Anna", anna, bert, tmp_path / "quiet.wav")
    assert ran.code == 1
    unlike, quiet = ran.err.splitlines()[:2]
    assert "does not sound like Anna" in unlike
    assert "--anyway" in unlike
    assert "speech was found" in quiet
    assert "--anyway" not in quiet
    assert run("voices", "list").err == ""


def test_a_stranger_becomes_a_voice_that_it_is_unlike_only_when_one_insists(run, tmp_path):
    assert run("voices", "enroll", "Anna", *write_takes(tmp_path, 1, 2)).code == 0
    talk = in_turn(tmp_path / "talk.wav", (2, 2))
    refused = run("voices", "timeline", talk, "--name", "1=Anna", "--json")
    assert (refused.code, refused.document["error"]["kind"]) == (1, "unlike-voice")
    kept = run("voices", "timelines", "--json").document["timelines"][0]
    assert refused.document["error"]["message"].endswith(
        "Nobody was named. The timeline is kept; to name it so all the same: "
        f"python main.py voices name-stranger {kept['id']} 1 NAME --anyway")
    assert [one["speaker"] for one in kept["speakers"]] == ["Stranger 1"]
    assert run("voices", "name-stranger", kept["id"], 1, "Anna").code == 1
    assert run("voices", "name-stranger", kept["id"], 1, "Anna", "--anyway", "--json").document["voice"] == "Anna"
    again = run("voices", "timeline", in_turn(tmp_path / "other.wav", (5, 5)), "--name", "1=Anna", "--anyway", "--json")
    assert [one["speaker"] for one in again.document["speakers"]] == ["Anna"]


@pytest.mark.parametrize(("turns", "voices"), [((1, 1, 1), 1), ((1, 2), 2), ((0, 4, 0, 4), 2), ((1, 2, 5), 3)])
@pytest.mark.parametrize(("suffix", "db"), [("wav", 0), ("flac", -20)])
def test_a_file_says_how_many_speak_and_points_to_the_timeline(run, furnished, tmp_path, turns, voices, suffix, db):
    path = in_turn(tmp_path / "talk.wav", turns, 5.0, db=db)
    if suffix != "wav":
        import soundfile

        wave, rate_hz = soundfile.read(path)
        path = tmp_path / f"talk.{suffix}"
        soundfile.write(path, wave, rate_hz)
    workspace = furnished / "workspace"
    assert run("voices", "identify", path, "--json", workspace=workspace).document["voices_heard"] == voices
    said = run("voices", "identify", path, workspace=workspace).out.splitlines()
    assert said[1:] == ([] if voices == 1 else [
        f"{path.name}: {voices} voices seem to speak in it. Who when: python main.py voices timeline FILE"])


def test_where_too_little_is_said_it_is_not_told(run, furnished, tmp_path):
    files.write(tmp_path / "short.wav", spoken(1, 7, 3.0))
    for path in (tmp_path / "short.wav", furnished / "new" / "silence.wav"):
        assert run("voices", "identify", path, "--json", workspace=furnished / "workspace").document["voices_heard"] is None
