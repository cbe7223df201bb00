"""Screens are tested offscreen, on an Earmark in memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication

from gui.actions import Actions
from gui.audition import Audition
from gui.context import Context
from gui.jobs import Jobs
from gui.theme import Theme
from tests.gui.fakes import FakeEarmark, FakePlayer


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The offscreen platform says this about windows and popups; it is not about us."""
    for item in items:
        item.add_marker(pytest.mark.qt_log_ignore("This plugin does not support"))


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    theme = Theme("dark")
    theme.apply(qapp)
    yield theme
    theme.deleteLater()


@pytest.fixture
def jobs(qapp: QApplication) -> Iterator[Jobs]:
    jobs = Jobs()
    yield jobs
    assert jobs.shutdown(), "a thread was left alive"


@pytest.fixture
def app(tmp_path: Path) -> FakeEarmark:
    return FakeEarmark(tmp_path / "Studio")


@pytest.fixture
def player() -> FakePlayer:
    return FakePlayer()


@pytest.fixture
def context(app: FakeEarmark, theme: Theme, jobs: Jobs, player: FakePlayer) -> Context:
    audition = Audition(jobs, app.settings, lambda name, volume_db: player)
    return Context(app, theme, jobs, Actions(), audition)  # type: ignore[arg-type]
