"""What a command did is said, also where something after it fails."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.audio import files
from engine.records import Audio
from tests.engine.cli.test_schemas import check
from tests.true_models import spoken, write_takes

PAUSE = np.zeros(12_000, np.float32)


@pytest.fixture
def talk(tmp_path):
    """Two strangers who take turns."""
    waves = [np.r_[spoken(voice, 5 + at).samples, PAUSE] for at, voice in enumerate((1, 4))]
    files.write(tmp_path / "talk.wav", Audio(np.concatenate(waves), 16_000))
    return tmp_path / "talk.wav"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a system with /dev/full")
def test_a_timeline_whose_export_fails_is_told_kept_and_named_all_the_same(run, talk):
    ran = run("voices", "timeline", talk, "--name", "1=Dora", "--export", "srt", "--out", "/dev/full", "--json")
    check("voices timeline", ran.document)
    assert ran.code == 1
    assert "full cannot be written: No space left on device" in ran.err
    assert ran.document["export"] is None
    assert [one["speaker"] for one in ran.document["speakers"]] == ["Dora", "Stranger 2"]
    assert [one["name"] for one in run("voices", "list", "--json").document] == ["Dora"]


def test_of_several_names_all_are_given_or_none(run, talk):
    ran = run("voices", "timeline", talk, "--name", "1=Dora", "--name", "1=Else", "--json")
    assert (ran.code, ran.document["error"]["kind"]) == (1, "stranger-unknown")
    assert run("voices", "list", "--json").document == []


def test_the_last_sample_of_a_take_goes_for_good_and_that_is_said(run, tmp_path):
    assert run("voices", "enroll", "Anna", *write_takes(tmp_path / "takes", 1, 2)).code == 0
    samples = [one["id"] for one in run("voices", "samples", "Anna", "--json").document]
    said = [run("voices", "remove-sample", one).out for one in samples]
    assert sum("its take with it" in one for one in said) == 2
    assert "voices undo" not in said[-1]
    assert run("voices", "undo", "--json").document["error"]["message"] == "There is nothing to undo."


def test_how_many_people_speak_is_told_and_what_cannot_be_is_said(run, talk):
    for told, expected in (("1", 1), ("2", 2), ("1-4", 2), (" 2 – 3 ", 2)):
        ran = run("voices", "timeline", talk, "--people", told, "--json")
        check("voices timeline", ran.document)
        assert (len(ran.document["speakers"]), ran.err) == (expected, "")
    ran = run("voices", "timeline", talk, "--people", "30")
    assert (ran.code, "could be told apart" in ran.err) == (0, True)


@pytest.mark.parametrize("told", ["0", "-1", "3-2", "two", "1-", "2-4-6", "101", "", "1.5", "9" * 40])
def test_a_number_of_people_that_is_none_is_refused_before_anything_is_heard(run, talk, told):
    ran = run("voices", "timeline", talk, "--people=" + told, "--json")
    assert (ran.code, ran.document["error"]["kind"]) == (2, "usage-error")
    assert "3, or 2-4" in ran.document["error"]["message"]


def test_voices_of_a_file_that_are_unlike_those_of_their_name_are_not_added(run, tmp_path):
    secret, file = tmp_path / "secret", tmp_path / "anna.earmark"
    secret.write_text("a long passphrase of ours")
    run("voices", "enroll", "Anna", *write_takes(tmp_path / "one", 1, 1), workspace=tmp_path / "other")
    assert run("voices", "export", file, "--passphrase-file", secret, workspace=tmp_path / "other").code == 0
    run("voices", "enroll", "Anna", *write_takes(tmp_path / "two", 2, 1))
    ran = run("voices", "import", file, "--passphrase-file", secret, "--clash", "merge")
    assert (ran.code, ran.out) == (1, "")
    assert "Anna of the file does not sound like Anna" in ran.err and "Nothing was imported. To keep them apart" in ran.err
    assert [one["takes"] for one in run("voices", "list", "--json").document] == [1]
    ran = run("voices", "import", file, "--passphrase-file", secret, "--clash", "merge", "--anyway", "--json")
    check("voices import", ran.document)
    assert [(one["name"], one["action"]) for one in ran.document["voices"]] == [("Anna", "merged")]
