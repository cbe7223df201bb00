"""Garbage goes where Qt objects may go: the GUI thread."""

from __future__ import annotations

import gc
import threading
import weakref

from pytestqt.qtbot import QtBot

from gui.collecting import Collector


class Knot:
    def __init__(self, seen: list[int]) -> None:
        self.me = self
        weakref.finalize(self, lambda: seen.append(threading.get_ident()))


def test_knots_tied_in_another_thread_come_apart_in_this_one(qtbot: QtBot) -> None:
    seen: list[int] = []
    gc.collect()
    collector = Collector()
    try:
        def tie() -> None:
            for _ in range(3 * gc.get_threshold()[0]):
                Knot(seen)

        thread = threading.Thread(target=tie)
        thread.start()
        thread.join()
        assert seen == []
        assert collector.collect() is not None
        assert set(seen) == {threading.get_ident()}
    finally:
        collector.close()
    assert gc.isenabled()
