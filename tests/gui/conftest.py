"""Screens are tested offscreen, on an Earmark in memory."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEvent
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


def delete_now() -> None:
    """Carry out every deleteLater; an event loop that is not running would never come to it."""
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)  # type: ignore[arg-type]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, bool | None, bool | None]:
    """Collect garbage in the GUI thread after each test, when pytest holds none of its objects any more.

    A timer that the garbage collector comes upon in a lane of a later test would be deleted there, which Qt does not
    survive.
    """
    ran = yield
    if QApplication.instance() is not None:
        delete_now()
        gc.collect()
    return ran


@pytest.fixture(autouse=True)
def no_widget_stays(qapp: QApplication) -> Iterator[None]:
    """Delete the windows a test left behind: their timers go with them."""
    yield
    for widget in QApplication.topLevelWidgets():
        if widget.parent() is None:
            widget.deleteLater()
    delete_now()


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
def context(app: FakeEarmark, theme: Theme, jobs: Jobs, player: FakePlayer) -> Iterator[Context]:
    audition = Audition(jobs, app.settings, lambda name, volume_db: player)
    yield Context(app, theme, jobs, Actions(), audition)  # type: ignore[arg-type]
    audition.close()
    audition.deleteLater()
