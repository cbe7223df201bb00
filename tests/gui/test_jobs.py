"""Work off the GUI thread: what comes back, and what must not."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, QThread
from pytestqt.qtbot import QtBot

from engine import logs
from engine.errors import EarmarkError, LibraryError, VoiceUnknown
from engine.tasks import Progress, Ticket
from gui.jobs import Jobs, Unexpected


def test_the_result_arrives_in_the_gui_thread(jobs: Jobs, qtbot: QtBot) -> None:
    came: list[tuple[int, bool]] = []
    owner = QObject()
    here = QThread.currentThread()
    jobs.run(owner, lambda ticket: 42, done=lambda value: came.append((value, QThread.currentThread() is here)))
    qtbot.waitUntil(lambda: bool(came))
    assert came == [(42, True)] and jobs.running == []


def test_an_error_of_the_engine_arrives_as_it_is(jobs: Jobs, qtbot: QtBot) -> None:
    came: list[EarmarkError] = []

    def work(ticket: Ticket) -> None:
        raise LibraryError("The folder is gone.")

    owner = QObject()
    jobs.run(owner, work, failed=came.append)
    qtbot.waitUntil(lambda: bool(came))
    assert str(came[0]) == "The folder is gone."


def test_a_fault_of_ours_becomes_a_sentence_and_a_traceback_in_the_log(
        jobs: Jobs, qtbot: QtBot, caplog: pytest.LogCaptureFixture) -> None:
    came: list[EarmarkError] = []
    owner = QObject()
    with caplog.at_level(logging.ERROR):
        jobs.run(owner, lambda ticket: 1 / 0, failed=came.append)
        qtbot.waitUntil(lambda: bool(came))
    assert isinstance(came[0], Unexpected) and "nothing that was stored is lost" in str(came[0]).lower()
    assert "ZeroDivisionError" in caplog.text


def test_no_name_reaches_the_log(jobs: Jobs, qtbot: QtBot, tmp_path: Path) -> None:
    handler, came, owner = logs.begin(tmp_path), [], QObject()
    name = "".join(["An", "na"])  # the frames quote lines of the program, here of this test

    def unknown(ticket: Ticket) -> None:
        raise VoiceUnknown(name)

    def broken(ticket: Ticket) -> None:
        raise FileNotFoundError(2, "No such file", f"/home/{name}.wav")

    try:
        for work in (unknown, broken):
            jobs.run(owner, work, lane="models", title=f"Enrolling {name}", failed=came.append)
        qtbot.waitUntil(lambda: len(came) == 2)
    finally:
        logs.end(handler)
    written = "".join(path.read_text(encoding="utf-8") for path in tmp_path.iterdir())
    assert name not in written
    assert "lane models: voice-unknown" in written
    assert "lane models: FileNotFoundError" in written and "in broken" in written


def test_without_a_failed_handler_the_window_hears_of_it(jobs: Jobs, qtbot: QtBot) -> None:
    def work(ticket: Ticket) -> None:
        raise LibraryError("The folder is gone.")

    owner = QObject()
    with qtbot.waitSignal(jobs.unheard) as heard:
        jobs.run(owner, work, title="Indexing")
    assert heard.args is not None and heard.args[0] == "Indexing"


def test_a_deleted_page_gets_nothing(jobs: Jobs, qtbot: QtBot) -> None:
    go, came = threading.Event(), []
    owner = QObject()
    jobs.run(owner, lambda ticket: go.wait(5), done=came.append, failed=came.append)
    owner.deleteLater()
    qtbot.wait(20)
    go.set()
    qtbot.waitUntil(lambda: jobs.running == [])
    assert came == []


def test_a_cancelled_ticket_gets_nothing_but_the_word_that_it_ended(jobs: Jobs, qtbot: QtBot) -> None:
    go, came, ended = threading.Event(), [], []
    owner = QObject()
    ticket = jobs.run(owner, lambda ticket: go.wait(5), done=came.append, failed=came.append,
                      cancelled=lambda: ended.append(True))
    ticket.cancel()
    go.set()
    qtbot.waitUntil(lambda: bool(ended))
    assert came == []


def test_progress_is_throttled_but_the_last_step_always_arrives(jobs: Jobs, qtbot: QtBot) -> None:
    steps: list[Progress] = []

    def work(ticket: Ticket) -> None:
        for n in range(1001):
            ticket.report(n, 1000)

    owner, done = QObject(), []
    jobs.run(owner, work, progress=steps.append, done=done.append)
    qtbot.waitUntil(lambda: bool(done))
    assert len(steps) < 60 and steps[-1].done == 1000


def test_one_lane_works_in_order(jobs: Jobs, qtbot: QtBot) -> None:
    order: list[int] = []
    owner = QObject()
    for n in range(5):
        jobs.run(owner, lambda ticket, n=n: n, lane="store", done=order.append)
    qtbot.waitUntil(lambda: len(order) == 5)
    assert order == [0, 1, 2, 3, 4]


def test_leaving_cancels_what_runs(qtbot: QtBot) -> None:
    jobs, came = Jobs(), []

    def work(ticket: Ticket) -> None:
        while True:
            ticket.check()
            threading.Event().wait(0.01)

    owner = QObject()
    jobs.run(owner, work, done=came.append, failed=came.append)
    assert jobs.shutdown()
    qtbot.wait(20)
    assert came == []


def test_leaving_waits_for_what_must_finish_and_cancels_what_stands_before_it(qtbot: QtBot) -> None:
    jobs, owner, stored, begun = Jobs(), QObject(), [], threading.Event()

    def long(ticket: Ticket) -> None:
        begun.set()
        while True:
            ticket.check()
            threading.Event().wait(0.01)

    def store(ticket: Ticket) -> None:
        threading.Event().wait(0.2)
        ticket.check()
        stored.append("take")

    jobs.run(owner, long, lane="models")
    jobs.run(owner, store, lane="models", must_finish=True)
    jobs.run(owner, lambda ticket: stored.append("something else"), lane="models")
    assert begun.wait(2)
    assert jobs.shutdown()
    assert stored == ["take"]


def test_leaving_does_not_wait_for_ever(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gui.jobs.FINISH_S", 0.1)
    monkeypatch.setattr("gui.jobs.SHUTDOWN_S", 0.1)
    jobs, owner, go = Jobs(), QObject(), threading.Event()
    jobs.run(owner, lambda ticket: go.wait(5), must_finish=True)
    assert not jobs.shutdown()
    go.set()


def test_short_work_of_the_store_is_answered_although_changes_are_cancelled(jobs: Jobs, qtbot: QtBot) -> None:
    owner, begun, go, came = QObject(), threading.Event(), threading.Event(), []

    def scan(ticket: Ticket) -> None:
        begun.set()
        go.wait(5)
        ticket.check()

    jobs.run(owner, scan, title="Indexing", done=lambda _: came.append("scanned"), cancelled=lambda: came.append("cancelled"))
    jobs.run(owner, lambda ticket: go.wait(5), lane="store", done=lambda _: came.append("answered"))
    assert begun.wait(2), "work that is cancelled before it begins ends at once"
    wait = jobs.cancel_changes()
    jobs.run(owner, lambda ticket: wait(), lane="store", done=lambda _: came.append("alone"))
    qtbot.wait(50)
    assert came == []
    go.set()
    qtbot.waitUntil(lambda: len(came) == 3)
    assert came[-1] == "alone" and sorted(came[:2]) == ["answered", "cancelled"]
