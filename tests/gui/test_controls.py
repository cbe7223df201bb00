"""The small parts, by what they show and say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from engine.records import Candidate, Identification, MarginUnit, Span
from engine.tasks import Progress
from gui import words
from gui.theme import Mode, Theme, contrast
from gui.widgets.controls import (
    Button,
    Chip,
    ElidedText,
    NumberBox,
    SearchBox,
    Segmented,
    Toast,
    progress_words,
    saving_dialog,
)
from gui.widgets.picker import Choice, Picker
from gui.widgets.strip import Strip, envelope, span_pixels


def test_numbers_are_written_with_units_and_a_true_minus() -> None:
    assert words.clock(134.6) == "2:14.6" and words.clock(59.96) == "1:00.0"
    assert words.length(288) == "4:48" and words.length(3.9) == "0:03.9" and words.length(3723) == "1:02:03"
    assert words.similarity(-0.004) == "0.00" and words.similarity(-0.006) == "−0.01" and words.signed(-0.001) == "+0.00"
    assert words.count(48217) == "48,217" and words.signed(-0.05) == "−0.05" and words.signed(0.23) == "+0.23"
    assert words.data_size(54e6, 91e6) == "54 of 91 MB" and words.data_size(7_090_619) == "7.1 MB"
    assert words.amount(131 * 3600) == "131 h" and words.rate_hz(44100) == "44.1k"


def lead(margin: float | None, unit: MarginUnit = "nats") -> Identification:
    candidates = (Candidate(1, "Anna", 0, 0.8), Candidate(2, "Ben", 1, 0.3))
    return Identification("match", "Anna", "Anna", 0.8, margin, 4.0, candidates, margin_unit=unit)


@pytest.mark.parametrize(("margin", "told"), [
    (0.0, "1.0 times"), (0.7, "2.0 times"), (2.3, "10 times"), (3.2, "25 times"), (7.0, "1,100 times"),
    (13.8, "980,000 times"), (124.2, "more than 1,000,000 times"), (900.0, "more than 1,000,000 times")])
def test_a_lead_in_nats_is_told_as_a_likelihood(margin: float, told: str) -> None:
    assert words.times_as_likely(lead(margin)) == f"Anna is {told} as likely as Ben"
    assert words.margin(lead(margin)) == f"+{margin:.1f} nats"


def test_any_other_lead_is_no_likelihood() -> None:
    assert words.times_as_likely(lead(0.23, "similarity")) == "" and words.margin(lead(0.23, "similarity")) == "+0.23"
    assert words.times_as_likely(lead(None)) == words.margin(lead(None)) == ""


def test_progress_is_done_of_all_rate_and_time_left() -> None:
    progress = Progress(12408, 31020, "", 240.0, "× real time", 214)
    assert progress_words("Indexing Foley", progress) == (
        "Indexing Foley · 12,408 of 31,020 · 214 × real time · 6 min left")
    assert progress_words("Looking", Progress(12, None, "", 1.0)) == "Looking · 12"
    assert progress_words("Fetching", Progress(54e6, 91e6, "", 9.0, "B", 6.2e6)) == (
        "Fetching · 54 of 91 MB · 6.2 MB/s · 6 s left")


def test_a_length_is_never_nothing() -> None:
    assert words.length(0.04) == "0:00.04" and words.length(0.001) == "0:00.01" and words.length(0.1) == "0:00.1"


def test_a_button_keeps_its_icon_in_place_whenever_its_words_come(theme: Theme, qtbot: QtBot) -> None:
    at_once, later = Button(theme, "One file", "warning"), Button(theme, "", "warning")
    for button in (at_once, later):
        qtbot.addWidget(button)
    later.setText("One file")
    assert later.sizeHint() == at_once.sizeHint() and later.iconSize() == at_once.iconSize()


@pytest.mark.parametrize("mode", ["dark", "light"])
def test_a_placeholder_can_be_read_even_where_nothing_can_be_typed(theme: Theme, mode: Mode, qtbot: QtBot) -> None:
    theme.set_mode(mode)
    field = SearchBox(theme, "MMMMMMMM")
    qtbot.addWidget(field)
    field.setEnabled(False)
    field.show()
    ink = field.palette().color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.PlaceholderText)
    assert ink.alpha() == 255 and contrast(ink.name(), theme.tokens.field) >= 4.5


def test_a_picker_says_when_nothing_has_these_letters(theme: Theme, qtbot: QtBot) -> None:
    ground = QWidget()
    qtbot.addWidget(ground)
    picker = Picker(theme, "Tags", "Find a tag", [Choice("a", "Rain"), Choice("b", "Wind")], lambda chosen: None, 300, ground)
    picker.show()
    assert picker.list.isVisible() and not picker.none.isVisible()
    qtbot.keyClicks(picker.field, "xyz")
    assert picker.none.isVisible() and not picker.list.isVisible()
    picker.field.setText("win")
    assert picker.shown_words() == ["Wind"] and picker.list.isVisible() and not picker.none.isVisible()


def test_a_segment_is_chosen_by_mouse_and_keys(theme: Theme, qtbot: QtBot) -> None:
    choice = Segmented(theme, [("a", "Cosine"), ("b", "Dot product")], name="Similarity")
    qtbot.addWidget(choice)
    chosen: list[str] = []
    choice.chosen.connect(chosen.append)
    qtbot.keyClick(choice, Qt.Key.Key_Right)
    qtbot.keyClick(choice, Qt.Key.Key_Right)
    assert chosen == ["b"] and choice.accessibleName() == "Similarity: Dot product"


def test_a_chip_goes_by_its_cross_only(theme: Theme, qtbot: QtBot) -> None:
    chip = Chip(theme, "slam.wav", "like", removable=True)
    qtbot.addWidget(chip)
    chip.resize(chip.sizeHint())
    pressed, removed = [], []
    chip.clicked.connect(lambda: pressed.append(1))
    chip.removed.connect(lambda: removed.append(1))
    qtbot.mouseClick(chip, Qt.MouseButton.LeftButton, pos=chip.rect().center())
    assert (pressed, removed) == ([1], [])
    qtbot.mouseClick(chip, Qt.MouseButton.LeftButton, pos=QPoint(chip.width() - 14, 12))
    assert removed == [1]


def test_a_number_box_shows_its_number(theme: Theme, qtbot: QtBot) -> None:
    box = NumberBox(theme, "Threshold", 0, 1, 0.01, value=0.68)
    qtbot.addWidget(box)
    box.show()
    assert box.lineEdit().text() == "0.68" and box.lineEdit().width() > 40


def test_the_edge_of_a_number_box_stays_when_the_look_changes(theme: Theme, qtbot: QtBot) -> None:
    box = NumberBox(theme, "Threshold", 0, 1, 0.01, value=0.68)
    qtbot.addWidget(box)
    box.show()
    theme.set_mode("light" if theme.dark else "dark")
    box.setStyleSheet("QLineEdit { color: red }")
    assert box.rect().adjusted(2, 0, -2, 0).contains(box.lineEdit().geometry())


def test_text_that_does_not_fit_is_its_own_tooltip(theme: Theme, qtbot: QtBot) -> None:
    label = ElidedText(theme, "a very long name of a sound file.wav")
    qtbot.addWidget(label)
    label.resize(60, 20)
    label.grab()
    assert label.toolTip() == label.text()
    label.resize(600, 20)
    label.grab()
    assert label.toolTip() == ""


def test_a_toast_goes_and_its_act_is_done(theme: Theme, qtbot: QtBot) -> None:
    ground = QWidget()
    qtbot.addWidget(ground)
    ground.resize(600, 300)
    ground.show()
    toast, undone = Toast(theme, ground), []
    toast.say("Voice removed.", "Undo", lambda: undone.append(1))
    assert toast.isVisible() and ground.rect().contains(toast.geometry())
    qtbot.mouseClick(toast.act, Qt.MouseButton.LeftButton)
    assert undone == [1] and not toast.isVisible()


def test_an_envelope_keeps_the_highest_peak_of_each_column() -> None:
    peaks = np.zeros(1000, np.uint8)
    peaks[503] = 255
    drawn = envelope(peaks, 100)
    assert drawn.argmax() == 50 and drawn.max() == pytest.approx(1.0)
    assert len(envelope(peaks, 2500)) == 2500 and len(envelope(np.zeros(0, np.uint8), 10)) == 10


def test_a_short_span_in_a_long_file_can_still_be_seen() -> None:
    left, right = span_pixels(QRectF(0, 0, 200, 24), Span(600.0, 600.5), 3600.0)
    assert right - left >= 4 and 30 <= left <= 36


def test_pressing_a_strip_seeks(theme: Theme, qtbot: QtBot) -> None:
    strip = Strip(theme)
    qtbot.addWidget(strip)
    strip.resize(400, 64)
    strip.set_sound(np.full(100, 200, np.uint8), 10.0, Span(1, 3))
    with qtbot.waitSignal(strip.sought) as sought:
        qtbot.mouseClick(strip, Qt.MouseButton.LeftButton, pos=strip.rect().center())
    assert sought.args is not None and sought.args[0] == pytest.approx(5.0, abs=0.1)


def test_where_a_file_goes_is_asked_with_its_ending_so_that_none_is_replaced_unasked(qtbot: QtBot, tmp_path: Path) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    dialog = saving_dialog(parent, "Export voices", "Amara Okafor.earmark", "Earmark voices", tmp_path)
    assert dialog.selectedFiles() == [str(tmp_path / "Amara Okafor.earmark")]
    assert dialog.nameFilters() == ["Earmark voices (*.earmark)"]
    dialog.selectFile("voices")
    assert dialog.selectedFiles() == [str(tmp_path / "voices.earmark")]
    assert not dialog.testOption(dialog.Option.DontConfirmOverwrite)
    dialog = saving_dialog(parent, "Export voices", "AC/DC: ../...earmark", "Earmark voices", tmp_path)
    assert dialog.selectedFiles() == [str(tmp_path / "AC-DC- ..-...earmark")]
