"""Weights where pip is missing, and what the project says it needs: `pip` among it, and all that it imports."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import pytest

from engine.errors import FetchError
from tests.engine.test_weights import Shop, pip, shop

__all__ = ["pip", "shop"]

REPOSITORY = Path(__file__).parents[2]


def test_a_python_without_pip_says_what_to_do_and_leaves_nothing(shop: Shop, pip: None, tmp_path, monkeypatch):
    """What uv makes, and pipx with uv."""
    venv.create(tmp_path / "bare", with_pip=False, symlinks=True)
    bare = tmp_path / "bare" / "bin" / "python"
    monkeypatch.setattr(sys, "executable", str(bare))
    shop.add("one")
    with pytest.raises(FetchError, match=r"pip, which is missing.*-m ensurepip.*uv pip install"):
        shop.open().fetch()
    assert shop.left() == []


def test_a_frozen_program_does_not_start_itself_as_pip(shop: Shop, tmp_path, monkeypatch):
    """There `sys.executable` is the program, and `-m pip` would open a second window."""
    started = tmp_path / "started"
    program = tmp_path / "earmark"
    program.write_text(f"#!/bin/sh\ntouch '{started}'\n")
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    shop.add("one")
    with pytest.raises(FetchError, match="earmark models fetch"):
        shop.open().fetch()
    assert not started.exists()
    assert shop.left() == []


def test_a_pip_in_the_folder_where_it_was_started_is_not_run(shop: Shop, pip: None, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "pip.py").write_text("open('was-run', 'w')")
    monkeypatch.chdir(tmp_path / "here")
    shop.add("one")
    assert shop.open().fetch() == ["one"]
    assert not (tmp_path / "here" / "was-run").exists()


def test_what_is_imported_is_declared():
    """As `make check` does it; `pip` is run, not imported, so it is looked for by name."""
    ran = subprocess.run([sys.executable, "-m", "deptry", "--no-ansi", "."], cwd=REPOSITORY, capture_output=True, text=True,
                         check=False, timeout=120)
    if "No module named deptry" in ran.stderr:
        pytest.skip("deptry is not installed: run the set-up again")
    assert ran.returncode == 0, ran.stderr
    needed = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    assert any(one.startswith("pip>") for one in needed)


def test_everything_that_is_not_code_is_in_the_package():
    """Package data and migrations: what git knows below the packages has to be in what is installed."""
    told = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    assert told["package-data"] == {"resources": ["**/*"]}
    elsewhere = [p for top in ("engine", "gui") for p in (REPOSITORY / top).rglob("*")
                 if p.is_file() and p.suffix not in (".py", ".pyc")]
    assert elsewhere == [], "only resources/ is taken along with what is not code"
