"""`evaluate diarization` on recordings with RTTM references."""

from __future__ import annotations

import json

import numpy as np
import pytest

from engine.audio import files
from engine.records import Audio
from tests.engine.cli.test_schemas import check
from tests.engine.evaluation.test_diarization_recordings import line
from tests.true_models import share_models, spoken


def test_a_talk_of_two_is_measured_as_recordings(run, tmp_path):
    pieces = [spoken(one, 7, 4.0).samples for one in (1, 4, 1, 4)]
    rate_hz = spoken(1, 7).rate_hz
    folder = tmp_path / "data"
    folder.mkdir()
    files.write(folder / "talk.wav", Audio(np.concatenate(pieces), rate_hz))
    edges = np.cumsum([0, *(len(piece) / rate_hz for piece in pieces)])
    (folder / "reference.rttm").write_text("".join(
        line("talk", start, end - start, who) for who, start, end in zip("abab", edges[:-1], edges[1:], strict=True)))
    (folder / "text.wav").write_text("no sound")
    (folder / "text.rttm").write_text(line("text", 0, 1, "a"))
    ran = run("evaluate", "diarization", "--data", folder, "--json")
    check("evaluate diarization", ran.document)
    found = ran.document
    assert (ran.code, found["files"], [f["file"] for f in found["failed"]]) == (1, 1, [str(folder / "text.wav")])
    assert found["recordings"][0]["people"] == 2
    assert found["der"] == pytest.approx(found["missed"] + found["false_alarm"] + found["confusion"])
    assert found["der_collar_no_overlap"] < 0.15
    assert found["people_error"] == abs(found["recordings"][0]["people_found"] - 2)
    seen = run("evaluate", "diarization", "--data", folder)
    assert "talk.wav" in seen.out
    assert "±0.25 s around each boundary" in seen.out


@pytest.mark.shared_data
@pytest.mark.slow
def test_meetings(shared_data, tmp_path, capsys, monkeypatch):
    """Real meetings with overlap: nine files, each with its people."""
    from engine import cli

    share_models(monkeypatch)
    data = shared_data / "speech" / "ami-9"
    assert cli.main(["evaluate", "diarization", "--data", str(data), "--json", "--workspace", str(tmp_path)]) == 0
    found = json.loads(capsys.readouterr().out)
    check("evaluate diarization", found)
    assert (found["files"], found["failed"]) == (9, [])
    assert all(one["people"] >= 1 for one in found["recordings"])
    assert found["der_collar_no_overlap"] < found["der"] < 0.7
