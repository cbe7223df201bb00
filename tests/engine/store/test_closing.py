"""Closing a workspace while something is going on in it: it ends, and nobody writes afterwards."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from engine.errors import StoreError
from engine.store import Store, database


@pytest.fixture
def store(tmp_path: Path):
    with Store(tmp_path / "workspace") as opened:
        opened.voices.create("Anna")
        yield opened


class Writer(threading.Thread):
    """Writes, and asks for another part of the workspace in the midst of it, as *forget everything* does."""

    def __init__(self, store: Store) -> None:
        super().__init__(daemon=True)
        self.store, self.inside, self.go_on = store, threading.Event(), threading.Event()
        self.error: BaseException | None = None
        self.start()
        assert self.inside.wait(10)

    def run(self) -> None:
        try:
            with self.store.writing():
                self.inside.set()
                assert self.go_on.wait(30)
                self.store.encrypting.state()
                self.store.voices.create("Bert")
        except BaseException as error:  # noqa: BLE001
            self.error = error


def closed_within(store: Store, seconds: float) -> bool:
    closing = threading.Thread(target=store.close, daemon=True)
    closing.start()
    closing.join(seconds)
    return not closing.is_alive()


def test_closing_waits_for_a_writer_that_needs_more_of_the_workspace(store):
    writer = Writer(store)
    threading.Timer(0.3, writer.go_on.set).start()  # by then it is being closed
    assert closed_within(store, 8)
    writer.join(8)
    assert not writer.is_alive()
    assert writer.error is None
    assert not store.claimed
    with Store(store.folder) as again:
        assert [voice.name for voice in again.voices.list()] == ["Anna", "Bert"]


def test_a_writer_that_takes_too_long_closes_the_workspace_itself(store, monkeypatch):
    monkeypatch.setattr(database, "CLOSE_S", 0.2)
    writer = Writer(store)
    began = time.monotonic()
    assert closed_within(store, 8)
    assert time.monotonic() - began < 5
    assert store.claimed  # nobody else may write yet
    writer.go_on.set()
    writer.join(8)
    assert writer.error is None
    assert not store.claimed
    with Store(store.folder) as again:
        assert [voice.name for voice in again.voices.list()] == ["Anna", "Bert"]
        again.voices.create("Carla")


def test_whoever_closes_in_the_midst_of_his_own_change_does_not_wait_for_himself(store, monkeypatch):
    monkeypatch.setattr(database, "CLOSE_S", 60.0)
    began = time.monotonic()
    with store.writing():
        store.voices.create("Bert")
        store.close()
    assert time.monotonic() - began < 5
    assert not store.claimed
    with Store(store.folder) as again:
        assert [voice.name for voice in again.voices.list()] == ["Anna", "Bert"]


def test_nothing_is_written_after_closing(store, monkeypatch):
    monkeypatch.setattr(database, "CLOSE_S", 0.2)
    writer, voices = Writer(store), store.voices
    late: list[BaseException] = []

    def write() -> None:
        try:
            voices.create("Dora")
        except StoreError as error:
            late.append(error)

    queued = threading.Thread(target=write, daemon=True)
    queued.start()  # waits behind the writer
    store.close()
    writer.go_on.set()
    writer.join(8)
    queued.join(8)
    assert [str(error) for error in late] == ["The workspace is closed, so this was not done."]
    with Store(store.folder) as again:
        assert [voice.name for voice in again.voices.list()] == ["Anna", "Bert"]


def test_a_closed_workspace_stays_closed_for_jobs_that_come_late(store):
    store.close()
    for late in (store.claim, lambda: store.voices.create("Dora"), lambda: store.sounds.add_folder(Path("/sounds")),
                 lambda: store.queries, lambda: store.writing().__enter__()):
        with pytest.raises(StoreError, match=r"^The workspace is closed, so this was not done\.$"):
            late()
    assert not store.claimed
    store.close()


def test_one_that_was_closed_before_anything_was_read_stays_closed_too(tmp_path):
    store = Store(tmp_path / "workspace")
    store.close()
    with pytest.raises(StoreError, match="is closed"):
        store.voices.list()
