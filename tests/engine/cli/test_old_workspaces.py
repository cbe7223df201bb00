"""A workspace that an Earmark of before left opens, finds and identifies as it did, plain and encrypted.

tests/engine/workspaces holds them, with what their own version answered (`make.py` there).
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.engine.cli.conftest import Run
from tests.engine.workspaces import make

KEPT = sorted(Path(make.__file__).parent.glob("*.zip"))


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return make.asking(tmp_path_factory.mktemp("asking"))


@pytest.fixture(params=["plain", "sealed"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=KEPT, ids=lambda path: path.stem)
def old(request: pytest.FixtureRequest, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The workspace of an old version, and the passphrase where it is encrypted."""
    with zipfile.ZipFile(request.param) as archive:
        archive.extractall(tmp_path)
    secret = tmp_path / "secret"
    secret.write_text(make.PASSPHRASE)
    if kind == "sealed":
        monkeypatch.setenv("EARMARK_PASSPHRASE_FILE", str(secret))
    return tmp_path / kind


@pytest.fixture
def answers(old: Path) -> Any:
    return json.loads((old.parent / "answers.json").read_text("utf-8"))


def test_voices_are_there_and_named_as_before(old: Path, answers: Any, asking: list[Path], run: Run) -> None:
    said = run("voices", "list", "--json", workspace=old)
    assert said.code == 0, said.err
    assert [voice["name"] for voice in said.document] == answers["voices"]
    found = run("voices", "identify", *asking, "--json", workspace=old).document
    for now, before in zip(found, answers["identified"], strict=True):
        assert [now[key] for key in ("voice", "status", "nearest")] == [before[key] for key in ("voice", "status", "nearest")]
        # the statistics of strangers (resources/cohort) are others since, and with them how similar it is, and the order of those
        # who are not named
        assert {c["voice"] for c in now["candidates"]} == {c["voice"] for c in before["candidates"]}
    turns = run("voices", "timelines", "--json", workspace=old).document["timelines"][0]["turns"]
    assert turns == answers["timeline"]


def test_sounds_are_found_in_the_same_order(old: Path, answers: Any, run: Run) -> None:
    for words, before in zip(make.SEARCHES, answers["searches"], strict=True):
        said = run("search", *words, "--json", workspace=old)
        assert said.code == 0, said.err
        results = said.document["results"]
        assert [(Path(r["path"]).name, r["start_s"]) for r in results] == [(r["name"], r["start_s"]) for r in before]
        assert [r["similarity"] for r in results] == pytest.approx([r["similarity"] for r in before], abs=1e-5)


def test_a_change_upgrades_it_and_loses_nothing(old: Path, answers: Any, run: Run) -> None:
    changed = run("voices", "rename", "Bert", "Berta", "--json", workspace=old)
    assert changed.code == 0, changed.err
    names = [voice["name"] for voice in run("voices", "list", "--json", workspace=old).document]
    assert names == [name.replace("Bert", "Berta") for name in answers["voices"]]
    assert len(run("search", "rain falling", "--json", workspace=old).document["results"]) == len(make.SOUNDS)
