"""What the program says for somebody unknown names no new voice, wherever a voice gets its name; old ones go on working."""

from __future__ import annotations

import numpy as np
import pytest

from engine.audio import files
from engine.records import Audio
from tests.true_models import spoken, write_takes

LABELS = ["Stranger 1", "stranger  12", "ｓtranger_１", "Unknown", "nobody"]


def refused(ran, label):
    assert ran.code == 2
    assert ran.document["error"]["kind"] == "usage-error"
    assert f"“{' '.join(label.split())}” is what Earmark itself says" in ran.document["error"]["message"]


@pytest.mark.parametrize("label", LABELS)
def test_enrolling_and_renaming_refuse_it_before_anything_is_done(run, tmp_path, label):
    take = write_takes(tmp_path, 1, 1)[0]
    refused(run("voices", "enroll", label, take, "--json"), label)
    assert run("voices", "list", "--json").document == []
    assert run("voices", "enroll", "Anna", take).code == 0
    refused(run("voices", "rename", "Anna", label, "--json"), label)
    assert [voice["name"] for voice in run("voices", "list", "--json").document] == ["Anna"]


@pytest.mark.parametrize("label", LABELS[:3])
def test_naming_a_stranger_refuses_it(run, tmp_path, label):
    talk = tmp_path / "talk.wav"
    files.write(talk, Audio(np.concatenate([spoken(4, take, 5.0).samples for take in (0, 1)]), 16_000))
    refused(run("voices", "timeline", talk, "--name", f"1={label}", "--json"), label)
    assert run("voices", "timelines", "--json").document["timelines"] == []  # said before an hour is listened to
    made = run("voices", "timeline", talk, "--json").document
    refused(run("voices", "name-stranger", made["id"], 1, label, "--json"), label)
    assert run("voices", "list", "--json").document == []


def test_a_voice_from_before_goes_on_working_and_is_asked_to_be_renamed(run, tmp_path, monkeypatch):
    paths = write_takes(tmp_path, 1, 4)
    with monkeypatch.context() as before:
        before.setattr("engine.store.voices.name_fault", lambda name: None)
        assert run("voices", "enroll", "Stranger 1", *paths[:2]).code == 0
    assert run("voices", "enroll", "stranger 1", paths[2]).code == 0
    assert run("voices", "identify", paths[3], "--json").document["voice"] == "Stranger 1"
    ran = run("voices", "list", "--json")
    assert [(voice["name"], voice["takes"]) for voice in ran.document] == [("Stranger 1", 3)]
    ran = run("voices", "list")
    assert "“Stranger 1” is what Earmark itself says" in ran.err
    assert 'python main.py voices rename "Stranger 1" NAME' in ran.err
    assert run("voices", "rename", "Stranger 1", "Anna").code == 0
    assert run("voices", "list").err == ""
