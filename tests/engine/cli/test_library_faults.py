"""What the commands of the library say about a scan that stopped and about vectors that are damaged."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from engine.store import Store
from tests.engine.cli.conftest import Run


@pytest.fixture
def workspace(furnished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(furnished / "workspace", tmp_path / "workspace"))


def test_a_search_over_damaged_vectors_says_so_and_a_scan_makes_them_again(run: Run, workspace: Path):
    before = run("search", "noise", "--json", workspace=workspace).document
    assert before["damaged"] == 0
    os.truncate(max((workspace / "vectors").glob("*.f32"), key=lambda file: file.stat().st_mtime), 0)
    ran = run("search", "noise", "--json", workspace=workspace)
    assert (ran.code, ran.document["results"], ran.document["damaged"]) == (0, [], 3)
    assert ran.err == ("3 sounds could not be compared, because their vectors are lost or damaged. "
                       "Make them again with: python main.py library scan\n")
    assert run("library", "scan", "--json", workspace=workspace).document["updated"] == 3
    after = run("search", "noise", "--json", workspace=workspace).document
    assert [one["path"] for one in after["results"]] == [one["path"] for one in before["results"]]


def test_a_scan_that_stopped_is_mentioned_until_one_comes_to_its_end(run: Run, workspace: Path):
    with Store(workspace) as store:
        store.sounds.mark_scan(24, 60)
    for command in ("list", "stats"):
        assert "The last scan stopped at 24 of 60 files. Go on with: python main.py library scan" in run(
            "library", command, workspace=workspace).err
    run("library", "scan", workspace=workspace)
    assert run("library", "stats", workspace=workspace).err == ""
