"""What is swept is written to the settings once, when it comes to rest, and nothing is lost by closing meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from gui.context import Context
from gui.pages.library.player import PlayerBar
from gui.pages.live.limits import Limits
from gui.pages.settings.audio import AudioSection
from gui.pages.settings.general import GeneralSection
from gui.theme import Theme
from gui.widgets.controls import NumberBox, Slider
from tests.gui.fakes import FakeEarmark, FakePlayer


@pytest.fixture
def writes(app: FakeEarmark, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What was written to the settings, one entry a write."""
    made: list[dict[str, Any]] = []
    change = app.settings.change

    def noted(**changes: Any) -> Any:
        made.append(changes)
        return change(**changes)

    monkeypatch.setattr(app.settings, "change", noted)
    return made


def sweep(slider: Slider, qtbot: QtBot, held: bool) -> None:
    """Move it by one step forty times."""
    slider.setSliderDown(held)
    for value in range(-40, 1):
        slider.setValue(value)
    if held:
        slider.setSliderDown(False)


@pytest.mark.parametrize("held", [True, False], ids=["dragged", "by keys or wheel"])
def test_a_sweep_of_the_volume_is_heard_at_once_and_written_once(context: Context, player: FakePlayer, qtbot: QtBot,
                                                                 writes: list[dict[str, Any]], held: bool) -> None:
    section = AudioSection(context)
    qtbot.addWidget(section)
    section.show()
    context.audition._player = player
    sweep(section.volume, qtbot, held)
    assert player.volume_db == 0.0
    qtbot.waitUntil(lambda: bool(writes))
    qtbot.wait(600)
    assert writes == [{"volume_db": 0.0}]
    section.refresh()
    assert section.volume.value() == 0


def test_the_volume_beside_the_results_too(context: Context, app: FakeEarmark, qtbot: QtBot,
                                           writes: list[dict[str, Any]]) -> None:
    player = PlayerBar(context)
    qtbot.addWidget(player)
    player.show()
    sweep(player.volume, qtbot, held=True)
    qtbot.wait(600)
    assert writes == [{"volume_db": 0.0}]


def test_a_volume_that_was_just_moved_is_kept_when_the_program_closes(context: Context, app: FakeEarmark,
                                                                      writes: list[dict[str, Any]]) -> None:
    context.audition.set_volume_db(-17.0)
    assert context.audition.volume_db == -17.0 and writes == []
    context.audition.close()
    assert app.settings.value.volume_db == -17.0


@pytest.mark.parametrize("make", [Limits, GeneralSection])
def test_threshold_and_margin_are_written_when_they_rest(context: Context, app: FakeEarmark, qtbot: QtBot,
                                                         writes: list[dict[str, Any]], make: Any) -> None:
    part = make(context)
    qtbot.addWidget(part)
    part.show()
    for _ in range(20):
        part.threshold.stepUp()
        part.margin.stepUp()
    assert writes == []
    qtbot.waitUntil(lambda: len(writes) == 2, timeout=2_000)
    assert app.settings.value.threshold == pytest.approx(0.7) and app.settings.value.margin == pytest.approx(0.25)
    part.threshold.stepUp()
    part.refresh()  # must not put back what is being changed
    part.hide()
    assert app.settings.value.threshold == pytest.approx(0.71) and len(writes) == 3


def test_showing_a_threshold_never_writes_a_rounded_one(context: Context, app: FakeEarmark, qtbot: QtBot) -> None:
    app.settings.change(threshold=0.4567)
    limits = Limits(context)
    qtbot.addWidget(limits)
    limits.show()
    app.settings.change(threshold=0.3333)
    limits.refresh()
    limits.hide()
    assert app.settings.value.threshold == 0.3333


def test_a_number_that_is_typed_counts_with_enter(theme: Theme, qtbot: QtBot) -> None:
    box, came = NumberBox(theme, "Number", 0, 1, 0.01), []
    qtbot.addWidget(box)
    box.settled.connect(came.append)
    box.show()
    box.selectAll()
    qtbot.keyClicks(box, "0.25")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert came == [0.25]


@pytest.mark.parametrize("make", [Limits, GeneralSection])
def test_reading_again_shows_what_was_just_turned(context: Context, app: FakeEarmark, qtbot: QtBot, make: Any) -> None:
    part = make(context)
    qtbot.addWidget(part)
    part.show()
    part.threshold.setValue(0.61)
    part.margin.setValue(0.11)
    part.refresh()
    assert (part.threshold.value(), part.margin.value()) == (0.61, 0.11)
    assert (app.settings.value.threshold, app.settings.value.margin) == (0.61, 0.11)


def test_a_threshold_just_turned_is_not_carried_into_other_units(context: Context, app: FakeEarmark, qtbot: QtBot) -> None:
    general = GeneralSection(context)
    qtbot.addWidget(general)
    general.show()
    general.threshold.setValue(0.61)
    general.measure.choose("dot")
    assert app.settings.value.threshold == general.threshold.value() == 0.75  # what counts by default in these units
    qtbot.wait(500)
    assert app.settings.value.threshold == general.threshold.value() == 0.75


def test_a_value_that_is_shown_is_told_to_nobody(theme: Theme, qtbot: QtBot) -> None:
    box, came = NumberBox(theme, "Number", 0, 1, 0.01), []
    qtbot.addWidget(box)
    box.settled.connect(came.append)
    box.setValue(0.3)
    box.show_value(0.5)
    qtbot.wait(500)
    assert came == [] and box.value() == 0.5
