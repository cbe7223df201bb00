"""What a job held is let go of when it has ended, and in the GUI thread: widgets must not die elsewhere."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from engine.errors import LibraryError
from engine.tasks import Progress, Ticket
from gui.jobs import Jobs


class Sheet(QWidget):
    """A page that says where it died."""

    def __init__(self, died: list[threading.Thread]) -> None:
        super().__init__()
        self.died = died
        self.ticket: Ticket | None = None
        self.heard: list[object] = []

    def __del__(self) -> None:
        self.died.append(threading.current_thread())


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Whatever goes must go by itself: a cycle would stay."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def ask(jobs: Jobs, sheet: Sheet, work: Callable[[Ticket], object]) -> None:
    """As pages do it: the closures hold the page, and the page holds the ticket."""
    def progress(progress: Progress) -> None:
        sheet.heard.append(progress)

    sheet.ticket = jobs.run(sheet, lambda ticket: (sheet.heard, work(ticket)), done=sheet.heard.append,
                            failed=sheet.heard.append, cancelled=lambda: sheet.heard.append("cancelled"), progress=progress)


def refuse(ticket: Ticket) -> None:
    try:
        raise KeyError("cause")
    except KeyError as error:
        raise LibraryError("The folder is gone.") from error


def report(ticket: Ticket) -> int:
    ticket.report(1, 1)
    return 42


@pytest.mark.parametrize("work", [report, refuse, lambda ticket: 1 / 0, lambda ticket: ticket.cancel()],
                         ids=["done", "failed", "fault", "cancelled"])
def test_nothing_is_held_after_the_end(jobs: Jobs, qtbot: QtBot, no_collector: None,
                                       work: Callable[[Ticket], object]) -> None:
    died: list[threading.Thread] = []
    sheet = Sheet(died)
    ask(jobs, sheet, work)
    while not sheet.heard or jobs.running:
        qtbot.wait(5)
    kept = [one for one in sheet.heard if isinstance(one, LibraryError)]  # a page may keep the error it was given
    ticket = sheet.ticket
    page = weakref.ref(sheet)
    del sheet
    assert page() is None and died == [threading.main_thread()]
    assert ticket is not None and len(kept) == (work is refuse)


def test_a_page_that_goes_while_its_job_runs_dies_in_the_gui_thread(jobs: Jobs, qtbot: QtBot, no_collector: None) -> None:
    died: list[threading.Thread] = []
    for work in (report, refuse, lambda ticket: 1 / 0) * 10:
        go = threading.Event()

        def waits(ticket: Ticket, go: threading.Event = go, work: Callable[[Ticket], object] = work) -> object:
            go.wait(5)
            return work(ticket)

        ask(jobs, Sheet(died), waits)
        go.set()
    qtbot.waitUntil(lambda: not jobs.running)
    qtbot.wait(20)
    assert len(died) == 30 and set(died) == {threading.main_thread()}


def test_a_lane_holds_nothing_while_it_waits_for_the_next(jobs: Jobs, qtbot: QtBot, no_collector: None) -> None:
    class Held:
        """What a closure may hold."""

    held, owner, done = Held(), QObject(), []
    there = weakref.ref(held)
    jobs.run(owner, lambda ticket, held=held: 1, lane="models", done=done.append)
    del held
    qtbot.waitUntil(lambda: bool(done))
    assert there() is None


def test_a_program_that_leaves_lets_go_of_what_has_ended(qtbot: QtBot, no_collector: None) -> None:
    died: list[threading.Thread] = []
    jobs, sheet = Jobs(), Sheet(died)
    ask(jobs, sheet, report)
    assert jobs.shutdown()
    del sheet
    assert died == [threading.main_thread()]
