"""The Library page on a true workspace, with the true encoder and made sounds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from engine.app import Earmark
from engine.audio import devices
from engine.synthesis.sounds import make_sounds
from gui.actions import Actions
from gui.audition import Audition
from gui.context import Context
from gui.jobs import Jobs
from gui.pages.library import LibraryPage
from gui.pages.library.question import text_part
from gui.theme import Theme
from tests.gui.fakes import FakePlayer
from tests.gui.library_page import LOUDSPEAKERS, names, rest, shown
from tests.true_models import share_models

SOUNDS = ("rain", "ocean waves", "church bell", "hand bell", "police siren wail", "dog-like barking", "clock ticking",
          "quiet room with a telephone ringing")
LONG_MS = 60_000


@pytest.fixture
def page(tmp_path: Path, theme: Theme, jobs: Jobs, player: FakePlayer, monkeypatch: pytest.MonkeyPatch,
         qtbot: QtBot) -> Iterator[LibraryPage]:
    monkeypatch.setattr(devices, "outputs", lambda rescan=False: LOUDSPEAKERS)
    share_models(monkeypatch)
    folder = tmp_path / "sounds"
    folder.mkdir()
    for sound in make_sounds(names=SOUNDS):
        with (folder / f"{sound.name}.wav").open("wb") as file:
            soundfile.write(file, sound.audio.samples, sound.audio.rate_hz, format="WAV")
    with Earmark(tmp_path / "Studio") as earmark:
        earmark.models.joint()
        earmark.library.add(folder)
        earmark.library.scan()
        audition = Audition(jobs, earmark.settings, lambda name, volume_db: player)
        page = shown(Context(earmark, theme, jobs, Actions(), audition), qtbot)
        yield page
        audition.close()
        audition.deleteLater()
        page.locating.stop()
        rest(page, qtbot, LONG_MS)


def test_terms_tags_words_and_the_place_in_a_long_sound(page: LibraryPage, player: FakePlayer, qtbot: QtBot) -> None:
    # plus, minus and what a saved search brings back
    page.query.set_text("a ringing bell")
    rest(page, qtbot, LONG_MS)
    assert {"church bell.wav", "hand bell.wav"} & set(names(page)[:3])
    before = {row.sound.path.name: row.similarity or 0.0 for row in page.model.rows}
    page.query.add(text_part("a church bell", -1.0))
    rest(page, qtbot, LONG_MS)
    after = {row.sound.path.name: row.similarity or 0.0 for row in page.model.rows}
    assert after["church bell.wav"] < before["church bell.wav"] - 0.05 and names(page)[0] != "church bell.wav"
    assert after["rain.wav"] == pytest.approx(before["rain.wav"], abs=0.01)
    telephone = "quiet room with a telephone ringing.wav"
    page.saving.save()
    rest(page, qtbot, LONG_MS)
    asked = names(page)
    page.query.clear()
    rest(page, qtbot, LONG_MS)
    page.saving.open(page.ground.saved.names[0])
    rest(page, qtbot, LONG_MS)
    assert names(page) == asked and [chip.part.name for chip in page.query.chips] == ["a church bell"]

    # tags: made, filtered by without a query, taken back
    page.query.clear()
    page.tagging.tag(["rain", "sea waves", "bell", "siren", "dog"], "mine")
    rest(page, qtbot, LONG_MS)
    assert page.tagging.lists[0].name == "mine" and page.tagging.lists[0].sounds > 0
    label = page.tagging.lists[0].counts[0]
    page.filters.add(f"mine:{label.label}")
    rest(page, qtbot, LONG_MS)
    assert len(names(page)) == label.sounds < len(SOUNDS)
    assert all(label.label in [one.name for one in row.labels] for row in page.model.rows)
    page.filters.set(())

    # where the query is heard
    ask_long(page, qtbot, "a telephone ringing")
    row = names(page).index(telephone)
    with qtbot.waitSignal(page.locating.located, timeout=LONG_MS):
        page.table.pick(row)
    sound = page.model.rows[row].sound
    assert page.player.curve.isVisible() and sound.duration_s > 12
    assert page.player.curve.spans and all(one.end_s - one.start_s < sound.duration_s / 2 for one in page.player.curve.spans)
    played = len(player.played)
    page.setFocus()
    qtbot.keyClick(page, Qt.Key.Key_S)
    qtbot.waitUntil(lambda: len(player.played) == played + 1)
    assert player.played[-1][1] == pytest.approx(page.player.curve.spans[0].start_s)

    # in words
    page.inspecting.open(True)
    box = page.ground.inspector
    box.labels.setPlainText("telephone\nrain\ntrumpet")
    qtbot.waitUntil(lambda: [line[0] for line in box.ranking.lines][:1] == ["telephone"], timeout=LONG_MS)
    assert len(box.captions.lines) == 5 and all(-1 <= near <= 1 for _, near, _ in box.captions.lines)


def ask_long(page: LibraryPage, qtbot: QtBot, text: str) -> None:
    """Search, with the time that a true encoder takes."""
    page.query.set_text(text)
    rest(page, qtbot, LONG_MS)
