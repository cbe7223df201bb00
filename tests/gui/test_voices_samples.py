"""Samples one by one, refused takes, warnings, and taking changes back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from engine.errors import Clipped, Doubtful, Locked, TooNoisy, UnlikeVoice
from engine.records import Audio, ClosePair, Embedding, Take, Voice
from gui.context import Context
from gui.pages.voices import VoicesPage
from gui.pages.voices.hearing import PlayButton
from gui.widgets.controls import Button, IconButton
from tests.gui.fakes import FakeEarmark, FakePlayer
from tests.gui.test_voices import answer
from tests.gui.voices_page import Make


@pytest.fixture
def make(context: Context, qtbot: QtBot) -> Iterator[Make]:
    pages: list[VoicesPage] = []

    def make() -> VoicesPage:
        page = VoicesPage(context)
        pages.append(page)
        qtbot.addWidget(page)
        for part in (page.toolbar_left(), page.toolbar_right()):
            qtbot.addWidget(part)
        page.resize(1364, 820)
        page.show()
        page.shown()
        qtbot.waitUntil(lambda: not page.jobs.running)
        return page

    yield make
    for page in pages:
        page.leaving()
        page.session.close()


def offers(page: VoicesPage) -> list[str]:
    said: list[str] = []
    page.offered.connect(lambda sentence, act, slot: said.append(sentence))
    return said


def stray(app: FakeEarmark) -> int:
    """A sample of the first voice becomes one that sounds like the second; returns its id."""
    own, wrong = app.voices.samples(1)[-1], app.voices.samples(2)[0]
    app.voices._samples = [replace(s, embedding=Embedding(wrong.embedding.vector, 1.7), similarity=0.2) if s.id == own.id else s
                           for s in app.voices._samples]
    return own.id


def test_a_sample_that_may_be_of_somebody_else_is_marked_in_list_and_row(make: Make, app: FakeEarmark) -> None:
    sample_id = stray(app)
    page = make()
    assert page.list.marks[1].words == "1 outlier" and set(page.list.marks) == {1}
    odd = [row for row in page.panel.samples.rows if row.odd]
    assert [row.sample.id for row in odd] == [sample_id]
    assert odd[0].odd == "unlike the others · nearer to Ben L."
    assert odd[0].why == "Its similarity to the other samples is 0.28. It is nearer to Ben Lindqvist."


def test_a_sample_is_moved_to_the_voice_it_belongs_to_and_back_again(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    sample_id = stray(app)
    page = make()
    said = offers(page)
    sample = next(row.sample for row in page.panel.samples.rows if row.sample.id == sample_id)
    menu = page.panel.samples.menu(sample)
    assert [act.text() for act in menu.actions()] == ["Ben Lindqvist", "Chen Yu", "Dilek Aydın", "Farid Nazari", "Mateo Ruiz"]
    menu.actions()[0].trigger()
    qtbot.waitUntil(lambda: app.voices.get("Ben Lindqvist").samples == 7)
    qtbot.waitUntil(lambda: len(page.panel.samples.rows) == 5 and not page.list.marks)
    assert said == ["The sample belongs to Ben Lindqvist now."]
    told: list[str] = []
    page.said.connect(told.append)
    page.context.actions.trigger("voices.undo")
    qtbot.waitUntil(lambda: len(page.panel.samples.rows) == 6)
    assert app.voices.get("Ben Lindqvist").samples == 6
    assert told == ["Taken back: the moving of a sample of Amara Okafor."]
    page.context.actions.trigger("voices.redo")
    qtbot.waitUntil(lambda: len(page.panel.samples.rows) == 5)


@pytest.mark.parametrize("yes", [False, True])
def test_before_a_sample_is_moved_to_a_voice_that_it_is_unlike_one_is_asked(make: Make, app: FakeEarmark, qtbot: QtBot,
                                                                            monkeypatch: pytest.MonkeyPatch, yes: bool) -> None:
    move = app.voices.move_sample

    def unlike(sample_id: int, name: str, anyway: bool = False) -> Voice:
        if not anyway:
            raise UnlikeVoice(name, 0.2, 0.5, what="This sample")
        return move(sample_id, name)

    monkeypatch.setattr(app.voices, "move_sample", unlike)
    page = make()
    asked: list[str] = []
    focus: list[str] = []
    answer("Move it anyway" if yes else "Cancel", focus, asked)
    page.panel.samples.menu(page.panel.samples.rows[0].sample).actions()[1].trigger()
    qtbot.waitUntil(lambda: bool(asked))
    assert "This sample does not sound like Chen Yu: its likeness to the nearest take of Chen Yu is 0.20" in asked[0]
    assert focus == ["Cancel"]
    qtbot.waitUntil(lambda: not page.jobs.running)
    qtbot.waitUntil(lambda: len(page.panel.samples.rows) == (5 if yes else 6))
    assert not page.panel.recording.failure.isVisible()


def test_what_is_heard_is_seen_on_its_row_and_stopped_there(make: Make, app: FakeEarmark, player: FakePlayer,
                                                            qtbot: QtBot) -> None:
    app.voices._takes[0] = replace(app.voices._takes[0], recording=Path("takes/1.wav"))
    page = make()
    first, second = [button for button in page.panel.samples.findChildren(PlayButton) if button.isEnabled()][:2]
    name = first.accessibleName()
    first.click()
    qtbot.waitUntil(lambda: first.is_heard)
    assert first.toolTip() == "Stop" and first.accessibleName() == name.replace("Play this sample", "Stop")
    second.click()
    qtbot.waitUntil(lambda: second.is_heard and not first.is_heard)
    assert (first.accessibleName(), len(player.played)) == (name, 2)
    second.click()
    qtbot.waitUntil(lambda: player.state == "stopped" and not second.is_heard)
    first.click()
    qtbot.waitUntil(lambda: first.is_heard)
    player.stop()  # it came to its end
    qtbot.waitUntil(lambda: not first.is_heard)


def test_a_sample_is_removed_and_played_from_its_row(make: Make, app: FakeEarmark, player: FakePlayer, qtbot: QtBot) -> None:
    app.voices._takes[0] = replace(app.voices._takes[0], recording=Path("take.wav"))
    page = make()
    buttons = page.panel.samples.findChildren(IconButton)
    plays = [button for button in buttons if button.accessibleName().startswith("Play this sample (")]
    assert [button.isEnabled() for button in plays] == [True, True, False, False, False, False]
    plays[0].click()
    qtbot.waitUntil(lambda: len(player.played) == 1)
    assert np.allclose(player.played[0][0].samples, page.panel.samples.rows[0].sample.id / 100)
    next(button for button in buttons if button.accessibleName().startswith("Remove this sample (")).click()
    qtbot.waitUntil(lambda: len(page.panel.samples.rows) == 5)


def test_reading_again_leaves_the_rows_as_they_are(make: Make, qtbot: QtBot) -> None:
    page = make()
    inner = page.panel.samples._inner
    page.refresh()
    qtbot.waitUntil(lambda: not page.jobs.running)
    assert len(page.panel.samples.rows) == 6 and page.panel.samples._inner is inner


def test_the_newest_change_is_taken_back_first_whatever_it_was(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    page = make()
    page.remove_take(app.voices.takes(1)[0])
    qtbot.waitUntil(lambda: len(page.panel.table.rows) == 2)
    before = app.settings.value.threshold
    page.calibrating.set(0.6)
    page.rename("Amara O.")
    qtbot.waitUntil(lambda: "Amara O." in page.list.names())
    page.undoing.undo()
    qtbot.waitUntil(lambda: "Amara Okafor" in page.list.names())
    assert app.settings.value.threshold == 0.6
    page.undoing.undo()
    qtbot.waitUntil(lambda: app.settings.value.threshold == before)
    assert len(app.voices.takes(1)) == 2
    page.undoing.undo()
    qtbot.waitUntil(lambda: len(page.panel.table.rows) == 3)


def test_a_removed_voice_comes_back(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    page = make()
    page.remove(asked=True)
    qtbot.waitUntil(lambda: "Amara Okafor" not in page.list.names())
    page.undoing.undo()
    qtbot.waitUntil(lambda: "Amara Okafor" in page.list.names())


@pytest.mark.parametrize(("doubt", "words"), [
    (TooNoisy(6.0, 10.0), "too much noise"), (Clipped(40), "cut off in 40 places"),
    (UnlikeVoice("Amara Okafor", 0.31, 0.5), "its likeness to the nearest take of Amara Okafor is 0.31"),
    (UnlikeVoice("Amara Okafor", 0.55, 0.5, ("Chen Yu", 0.9)), "sounds more like Chen Yu (0.90)"),
    (UnlikeVoice("Amara Okafor", 0.31, 0.5).besides(TooNoisy(6.0, 10.0)), "too much noise")])
def test_a_doubtful_take_is_refused_and_can_be_enrolled_anyway(make: Make, app: FakeEarmark, qtbot: QtBot, doubt: Doubtful,
                                                             words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    original = app.voices.add_take

    def add_take(voice_id: int, audio: Audio, source: str = "microphone", keep: bool = False, anyway: bool = False) -> Take:
        if not anyway:
            raise doubt
        return original(voice_id, audio, source, keep)

    monkeypatch.setattr(app.voices, "add_take", add_take)
    page = make()
    page.enrolling.taken_for = 1, False
    page.enrolling.take_finished(Audio(np.zeros(16_000, np.float32), 16_000))
    qtbot.waitUntil(lambda: page.panel.table.rows[-1].state == "refused")
    assert words in page.panel.table.rows[-1].result
    next(b for b in page.panel.table.findChildren(Button) if b.text() == "Enroll anyway").click()
    qtbot.waitUntil(lambda: len(app.voices.takes(1)) == 4)
    qtbot.waitUntil(lambda: [row.state for row in page.panel.table.rows] == ["accepted"] * 4)


def test_a_noisy_file_can_be_enrolled_anyway_and_a_text_cannot(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    page = make()
    page.add_files([Path("noisy.wav"), Path("notes.txt")])
    qtbot.waitUntil(lambda: [row.state for row in page.panel.table.rows[3:]] == ["refused", "refused"])
    assert [row.again is not None for row in page.panel.table.rows[3:]] == [True, False]
    page.panel.table.rows[4].dismiss()  # type: ignore[misc]
    assert len(page.panel.table.rows) == 4
    page.panel.table.rows[3].again()  # type: ignore[misc]
    qtbot.waitUntil(lambda: [row.state for row in page.panel.table.rows] == ["accepted"] * 4)


def test_voices_that_are_near_and_shared_takes_are_warned_of(make: Make, app: FakeEarmark, qtbot: QtBot) -> None:
    app.voices.pairs = [ClosePair("Amara Okafor", "Ben Lindqvist", 0.81)]
    app.voices.shared = {3: ["Dilek Aydın"]}
    page = make()
    assert page.list.marks[1].words == "near Ben L." and page.list.marks[2].words == "near Amara O."
    assert page.panel.warning.isVisible() and page.panel.warning.title.text() == "Amara Okafor is near Ben Lindqvist: 0.81"
    page.open("Chen Yu")
    qtbot.waitUntil(lambda: page.panel.warning.title.text() == "A take of Chen Yu is also one of Dilek Aydın")
    page.open("Mateo Ruiz")
    qtbot.waitUntil(lambda: not page.panel.warning.isVisible())


def test_a_voice_without_samples_of_the_encoder_in_use_is_to_be_enrolled_again(make: Make, app: FakeEarmark) -> None:
    app.voices._samples = [sample for sample in app.voices._samples if sample.voice_id != 1]
    app.voices._count(1)
    page = make()
    assert page.list.marks[1].words == "enroll again"
    assert page.panel.warning.title.text() == "Amara Okafor has to be enrolled again"
    assert "Settings › Models" in page.panel.warning.sentence.text()


def test_locked_voices_are_said_where_they_would_be_and_can_be_tried_again(make: Make, app: FakeEarmark, qtbot: QtBot,
                                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    def locked() -> Any:
        raise Locked("passphrase")

    with monkeypatch.context() as patch:
        patch.setattr(app.voices, "list", locked)
        page = make()
        assert page.notice.isVisible() and page.notice.sentence.text() == str(Locked("passphrase"))
        assert not page.form.isVisible() and not page.panel.isVisible() and not page.side.isVisible()
    page.notice.findChild(Button).click()
    qtbot.waitUntil(lambda: page.panel.isVisible() and not page.notice.isVisible())


def test_import_and_export_lead_to_the_privacy_section(make: Make, qtbot: QtBot) -> None:
    page = make()
    with qtbot.waitSignal(page.go) as went:
        page.carry.click()
    assert went.args == ["settings", "privacy"]
