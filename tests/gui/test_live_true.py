"""Recordings in the true window, with the true engine and made voices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from pytestqt.qtbot import QtBot

from engine.app import Earmark
from engine.audio import files
from engine.records import Audio
from gui.audition import Audition
from gui.jobs import Jobs
from gui.pages.live import LivePage, LiveSession, recording_view
from gui.theme import Theme
from gui.window import MainWindow
from tests.gui.fakes import FakePlayer
from tests.true_models import share_models, spoken

LONG_MS = 60_000
ANNA, STRANGER = 1, 4
PAUSE = np.zeros(12_000, np.float32)


def talk(path: Path, *voices: int, take: int) -> Path:
    files.write(path, Audio(np.concatenate([np.r_[spoken(voice, take + n).samples, PAUSE] for n, voice in enumerate(voices)]),
                            16_000))
    return path


@pytest.fixture
def window(tmp_path: Path, theme: Theme, jobs: Jobs, player: FakePlayer, monkeypatch: pytest.MonkeyPatch,
           qtbot: QtBot) -> Iterator[MainWindow]:
    share_models(monkeypatch)
    with Earmark(tmp_path / "Studio") as earmark:
        anna = earmark.voices.begin("Anna")
        for take in range(2):
            earmark.voices.add_take(anna.id, spoken(ANNA, take))
        earmark.voices.finish(anna.id)
        audition = Audition(jobs, earmark.settings, lambda name, volume_db: player)
        window = MainWindow(earmark, theme, jobs, audition, remember=False)
        session = LiveSession.of(window.context)
        session.find_inputs, session.why_none = lambda rescan: [], lambda: "none"
        qtbot.addWidget(window)
        window.show()
        window.show_page("live")
        yield window
        qtbot.waitUntil(lambda: not jobs.running, timeout=LONG_MS)  # pytest-qt has closed the window by now


def names(page: LivePage) -> list[str]:
    return [lane.name for lane in page.view.who.timeline.lanes()]


def without_repeats(found: Iterable[str]) -> list[str]:
    return [name for name, _ in groupby(found)]


def drop(page: LivePage, path: Path, qtbot: QtBot, recordings: int) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    page.dropEvent(QDropEvent(QPointF(200, 200), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton,
                              Qt.KeyboardModifier.NoModifier))
    qtbot.waitUntil(lambda: page.view.title.text() == path.name and len(page.view.shelf.names()) == recordings,
                    timeout=LONG_MS)


def test_a_talk_is_dropped_heard_named_undone_and_exported(window: MainWindow, player: FakePlayer, tmp_path: Path,
                                                          qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    page = window.page("live")
    assert isinstance(page, LivePage)
    drop(page, talk(tmp_path / "first.wav", STRANGER, ANNA, take=8), qtbot, 1)
    drop(page, talk(tmp_path / "second.wav", ANNA, STRANGER, ANNA, take=5), qtbot, 2)
    assert names(page) == ["Anna", "Stranger 1"]
    line = page.view.who.timeline
    assert without_repeats(line.lanes()[one.lane].name for one in line.stretches) == ["Anna", "Stranger 1", "Anna"]
    assert without_repeats(one.status for one in line.stretches) == ["match", "unknown", "match"]

    # a press on what the stranger says plays from there
    theirs = max((one for one in line.stretches if one.lane == 1), key=lambda one: one.span.duration_s)
    box = line._bar_box(theirs)
    assert box is not None
    qtbot.mouseClick(line, Qt.MouseButton.LeftButton, pos=QPoint(round(box.center().x()), round(box.center().y())))
    qtbot.waitUntil(lambda: bool(player.played))
    assert player.played[-1][0] == tmp_path / "second.wav"
    assert theirs.span.start_s < player.played[-1][1] < theirs.span.end_s

    # named once: the other recording learns it
    earmark = window.app
    before = (earmark.timelines.list(), earmark.voices.list())
    window.do("live.name")
    page.view.naming.field.setText("Dora")
    page.view.naming.button.click()
    qtbot.waitUntil(lambda: names(page) == ["Anna", "Dora"], timeout=LONG_MS)
    assert window.toast.isVisible() and window.toast.words.text() == "Dora is a voice now. In 1 other recording, too."
    assert [t.label for t in earmark.timelines.list()[1].tracks] == ["Dora", "Anna"]
    assert earmark.voices.identify(spoken(STRANGER, 3)).voice == "Dora"

    # exported with the new name
    out = tmp_path / "second.rttm"
    monkeypatch.setattr(recording_view, "ask_where", lambda *_: out)
    page.view.export("rttm")
    qtbot.waitUntil(out.exists, timeout=LONG_MS)
    qtbot.waitUntil(lambda: window.toast.words.text() == "Exported second.rttm.")
    rows = out.read_text(encoding="utf-8").splitlines()
    assert without_repeats(row.split()[7] for row in rows) == ["Anna", "Dora", "Anna"]

    # and as it was before
    window.do("live.undo")
    qtbot.waitUntil(lambda: names(page) == ["Anna", "Stranger 1"], timeout=LONG_MS)
    assert (earmark.timelines.list(), earmark.voices.list()) == before

    # the other one again, and away with it
    page.view.shelf.list.setCurrentRow(1)
    assert names(page) == ["Stranger 1", "Anna"]
    question = page.view.ask_remove()
    assert question is not None
    next(button for button in question.buttons() if button.text() == "Remove").click()
    qtbot.waitUntil(lambda: page.view.shelf.names() == ["second.wav"], timeout=LONG_MS)
    assert (tmp_path / "first.wav").exists() and len(earmark.timelines.list()) == 1
    window.do("live.recordings")
    assert page.absent.isVisible()
