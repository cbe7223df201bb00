"""Colours: what the look's table promises, and that a change reaches every widget."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gui.theme import CATEGORIES_DARK, CATEGORIES_LIGHT, DARK, LIGHT, Theme, Tokens, contrast
from gui.widgets.controls import Badge, Text


@pytest.mark.parametrize("t", [DARK, LIGHT], ids=["dark", "light"])
def test_text_stays_readable_on_every_surface(t: Tokens) -> None:
    for ground in (t.rail, t.window, t.panel, t.raised, t.plot, t.selected, t.field):
        for ink in (t.text1, t.text2):
            assert contrast(ink, ground) >= 4.5, (ink, ground)
        assert contrast(t.text3, ground) >= 4.4, (t.text3, ground)
    assert contrast(t.on_accent, t.accent) >= 4.5
    for ink, ground in ((t.ok, t.ok_tint), (t.warning, t.warning_tint), (t.error, t.error_tint)):
        assert contrast(ink, ground) >= 4.5


def test_contrast_of_black_and_white_is_21() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21.0)
    assert contrast("#123456", "#123456") == pytest.approx(1.0)


def test_letters_on_a_swatch_are_the_more_readable_ones(theme: Theme) -> None:
    for index in range(12):
        ink, ground = theme.category_text(index), theme.category(index)
        other = "#FFFFFF" if ink == "#101216" else "#101216"
        assert contrast(ink, ground) >= contrast(other, ground)


def test_categories_differ_between_themes_and_wrap_around(theme: Theme) -> None:
    assert theme.category(0) == CATEGORIES_DARK[0] and theme.category(12) == CATEGORIES_DARK[0]
    theme.set_mode("light")
    assert theme.category(3) == CATEGORIES_LIGHT[3]


def test_switching_recolours_what_is_on_the_screen(theme: Theme, qtbot: QtBot, qapp: QApplication) -> None:
    label = Text(theme, "Threshold", role="text1")
    badge = Badge(theme, "match", "ok")
    for widget in (label, badge):
        qtbot.addWidget(widget)
        widget.show()
    dark = badge.grab().toImage().pixelColor(3, 10)
    with qtbot.waitSignal(theme.changed):
        theme.set_mode("light")
    assert QColor(LIGHT.ok_tint) == badge.grab().toImage().pixelColor(3, 10) != dark
    assert label.palette().windowText().color() == QColor(LIGHT.text1)
    assert qapp.palette().window().color() == QColor(LIGHT.window)


def test_reduced_motion_moves_nothing(theme: Theme) -> None:
    assert theme.duration_ms(500) == 500
    theme.reduced_motion = True
    assert theme.duration_ms(500) == 0


def test_every_icon_that_is_named_exists(theme: Theme) -> None:
    for name in ("microphone", "microphone-fill", "users", "users-fill", "magnifying-glass-fill", "scatter",
                 "scatter-fill", "gear-six-fill", "folder-plus", "sparkle", "repeat", "speaker-slash", "shield-check"):
        assert not theme.pixmap(name).isNull()
